import { Hono } from "hono";
import type { Connections } from "../net/other_user.ts";
import { isMeantForUs, isSameSecret } from "../net/guard.ts";
import { BridgeError } from "../platform/errors.ts";
import { pageHeaders, pageHtml, type PageText } from "./page.ts";

/** Where the browser is to come back to. */
export interface CallbackOptions {
  /** `127.0.0.1`, or another name of this machine that the authorization server knows. */
  readonly host: string;
  readonly port: number;
  /** How many ports from `port` on may be tried; 1 where the authorization server knows the port. */
  readonly ports: number;
  readonly path: string;
  /** Where the browser goes after a sign-in; our own page where there is none. */
  readonly successUrl: URL | undefined;
  /** Whether a visit is none of the person's own, though it brings what is expected; none is where this is left out. */
  readonly isStrangers?: (visit: Request, connections: Connections, port: number) => Promise<boolean>;
}

/** A listener on this machine that waits for one visit (RFC 8252, 7.3). */
export interface Callback {
  readonly redirectUri: string;
  /** Says which `state` the browser must bring back; before that, no visit counts. */
  expect(state: string): void;
  /** What the visit brought. Never settles if none comes. */
  readonly visit: Promise<URLSearchParams>;
  /** Shows the visitor how it ended; a sign-in that failed says why. */
  conclude(failure?: string): void;
  /** Listens no more, once the visitor has been shown the end. */
  close(): Promise<void>;
}

/** How long the visitor is left without a page, in ms. */
const LONGEST_REDEMPTION_MS = 30_000;

const SIGNED_IN: PageText = {
  title: "You are signed in",
  text: "You can close this page and go back to your application.",
  isGood: true,
};
const UNEXPECTED: PageText = {
  title: "Nothing is expected here",
  text: "This page is part of a sign-in, and this visit belongs to none that waits. Nothing has changed.",
  isGood: false,
};

const STRANGERS: PageText = {
  title: "This sign-in is another user's",
  text: "The visit came from another user of this machine than the one who signs in. Nothing has changed.",
  isGood: false,
};

/**
 * Listens for the browser before it is sent away. Only the exact path with the right `state` counts, and only once;
 * every other visit is told so and changes nothing.
 *
 * @throws {BridgeError} `callback_port_taken`
 */
export async function listenForCallback(options: CallbackOptions): Promise<Callback> {
  const { host, path, successUrl, isStrangers } = options;
  const headers = await pageHeaders();
  const visit = Promise.withResolvers<URLSearchParams>();
  const end = Promise.withResolvers<string | undefined>();
  const shown = Promise.withResolvers<void>();
  let state: string | undefined;
  let visited = false;
  const page = (text: PageText, status: 200 | 400 | 403): Response => new Response(pageHtml(text), { status, headers });

  const app = new Hono<{ Bindings: Connections }>();
  app.get("*", async (context): Promise<Response> => {
    const request = context.req.raw;
    // The address is made of the Host header, which may be anything.
    const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
    const given = url?.searchParams.getAll("state") ?? [];
    const fits = request.method === "GET" && url?.pathname === path && given.length === 1 &&
      state !== undefined && isSameSecret(given[0]!, state);
    if (!fits || !isMeantForUs(request.headers, [host, "127.0.0.1"], server.port)) {
      return page(UNEXPECTED, 400);
    }
    if (await isStrangers?.(request, context.env, server.port) === true) return page(STRANGERS, 403);
    if (visited) return page(UNEXPECTED, 400);
    visited = true;
    visit.resolve(url.searchParams);
    const late = Bun.sleep(LONGEST_REDEMPTION_MS).then(() => "it takes longer than expected");
    const failure = await Promise.race([end.promise, late]);
    queueMicrotask(() => shown.resolve());
    if (failure !== undefined) {
      return page(
        { title: "The sign-in has failed", text: `${failure}. You can close this page.`, isGood: false },
        400,
      );
    }
    return successUrl === undefined ? page(SIGNED_IN, 200) : new Response(null, {
      status: 302,
      headers: { location: successUrl.href, "cache-control": "no-store", "referrer-policy": "no-referrer" },
    });
  });
  app.all("*", () => page(UNEXPECTED, 400));
  const server = listen(options, app.fetch);
  return {
    redirectUri: `http://${host}:${server.port}${path}`,
    expect: (expected) => void (state = expected),
    visit: visit.promise,
    conclude: (failure) => end.resolve(failure),
    async close(): Promise<void> {
      end.resolve("the sign-in was given up");
      if (visited) await shown.promise;
      await server.stop();
    },
  };
}

type Fetch = (request: Request, connections: Connections) => Response | Promise<Response>;

interface Listener {
  readonly port: number;
  stop(): Promise<void>;
}

/** Listens on the first free port; under a name, on both families, so that nobody else can be that name. */
function listen({ host, port, ports }: CallbackOptions, fetch: Fetch): Listener {
  const addresses = host === "127.0.0.1" ? ["127.0.0.1"] : ["127.0.0.1", "::1"];
  for (let candidate = port; candidate < port + ports; candidate++) {
    const servers: Bun.Server<undefined>[] = [];
    try {
      for (const hostname of addresses) {
        const server = serve(hostname, candidate, fetch);
        if (server !== undefined) servers.push(server);
      }
      return {
        port: candidate,
        stop: async () => void await Promise.all(servers.map((server) => server.stop())),
      };
    } catch {
      for (const server of servers) void server.stop(true);
    }
  }
  const which = ports === 1 ? `port ${port} is` : `the ports from ${port} to ${port + ports - 1} are`;
  throw new BridgeError("callback_port_taken", `${which} in use by another program`, {
    hint: "name a free port behind the address of the server, or end that program",
  });
}

/** Nothing where the machine does not have that family. */
function serve(hostname: string, port: number, fetch: Fetch): Bun.Server<undefined> | undefined {
  try {
    return Bun.serve({ hostname, port, reusePort: false, fetch, idleTimeout: 60 });
  } catch (thrown) {
    if (hostname === "::1" && (thrown as NodeJS.ErrnoException).code !== "EADDRINUSE") return undefined;
    throw thrown;
  }
}
