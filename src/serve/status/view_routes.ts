import type { Context, Hono } from "hono";
import { pageHeaders, pageHtml } from "../../auth/page.ts";
import { type Connections, isByOtherUser, type UserRule } from "../../net/other_user.ts";
import type { Clock } from "../../platform/clock.ts";
import { BridgeError } from "../../platform/errors.ts";
import { guard, guardHost, type GuardOptions } from "../guard/guard.ts";
import { Links, makeLink } from "../guard/links.ts";
import type { LogTail } from "./log_tail.ts";
import { metricsText } from "./metrics.ts";
import { refusal } from "../guard/refusals.ts";
import { statusOf, type StatusParts } from "./status.ts";
import { Visitors } from "../guard/visitors.ts";

/** What the routes for people and their tools are made of. */
export interface ViewRoutesParts extends StatusParts {
  readonly guard: GuardOptions;
  readonly log: LogTail;
  readonly clock: Clock;
  /** Where the endpoint is, without a path. */
  readonly url: () => string;
  /** How users are told apart; by this machine's own words where it is left out. */
  readonly userRule?: UserRule;
}

const LARGEST_WISH = 4_096;
/** Of what is for people nothing is kept, framed, guessed at, or told to others. */
const PRIVATE = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

/**
 * `/` for people, `/api` behind it, `/readyz` and `/metrics`. Programs bring the token; a browser that came by a link
 * is let in to the first two.
 */
export function addViewRoutes(app: Hono, parts: ViewRoutesParts): void {
  const { view, sessions, log, clock, version } = parts;
  const visitors = new Visitors(clock, parts.guard.port);
  const links = new Links();
  const who = parts.guard;
  const key = (): { token: string; port: number } => ({ token: who.token, port: who.port() });

  const isOthers = ({ req, env }: Context): Promise<boolean> =>
    isByOtherUser(req.raw, env as Connections | undefined, who.port(), parts.userRule);
  const guardPeople = async (context: Context): Promise<Response | undefined> => {
    const { raw } = context.req;
    return guard(raw, who, await visitors.knows(raw, () => isOthers(context)));
  };

  app.get("/readyz", ({ req }) => {
    const refused = guard(req.raw, who, false);
    if (refused !== undefined) return refused;
    const { reasons } = view.readiness;
    return Response.json({ ready: reasons.length === 0, reasons }, { status: reasons.length === 0 ? 200 : 503 });
  });

  app.get("/metrics", async ({ req }) => {
    const refused = guard(req.raw, who, false);
    if (refused !== undefined) return refused;
    const inFlight = new Map<string, number>();
    for (const { slug, inFlight: count } of view.pool.servers) inFlight.set(slug, (inFlight.get(slug) ?? 0) + count);
    const { ledger, health, pool } = view;
    const { type, text } = await metricsText({
      ledger,
      version,
      sessions: sessions.size,
      servers: pool.slugs,
      health: health.all,
      inFlight,
    });
    return new Response(text, { headers: { "content-type": type, "cache-control": "no-store" } });
  });

  app.get("/open", async (context) => {
    const { req } = context;
    const foreign = guardHost(req.raw, who);
    if (foreign !== undefined) return foreign;
    // What only looks whether the address is there must not use the link up.
    if (req.method !== "GET") return new Response(null, { status: 405, headers: { allow: "GET" } });
    const outcome = await links.redeem(req.query("code") ?? "", key(), clock.now(), () => isOthers(context));
    if (outcome === "other_user") {
      who.notify({
        level: "warn",
        text: "refused a link to the status page that another user of this machine brought",
      });
      return await page(
        403,
        "This link is for another user",
        'It opens the page in browsers of the user who runs "mcp-bridge serve" alone.',
      );
    }
    if (outcome === "over") {
      who.notify({ level: "warn", text: "refused a link to the status page that was used, is over, or none of ours" });
      return await page(
        403,
        "This link is over",
        'A link opens the page once, within five minutes. "mcp-bridge serve --open" makes another one.',
      );
    }
    who.notify({ level: "info", text: "a browser opened the status page by a link" });
    const cookie = visitors.admit(await isOthers(context));
    return new Response(null, { status: 303, headers: { ...PRIVATE, location: "/", "set-cookie": cookie } });
  });

  app.get("/", async (context) => {
    const refused = await guardPeople(context);
    if (refused?.status === 401 && context.req.header("accept")?.includes("text/html") === true) {
      return await page(
        401,
        "This page wants a link",
        'Run "mcp-bridge serve --open" on this machine: it opens the page.',
      );
    }
    if (refused !== undefined) return refused;
    const { statusPage } = await import("./status_page.ts");
    return await statusPage();
  });

  app.get("/api/status", async (context) => {
    const refused = await guardPeople(context);
    return refused ?? Response.json(await statusOf(parts), { headers: PRIVATE });
  });

  app.get("/api/log", async (context) => {
    const refused = await guardPeople(context);
    if (refused !== undefined) return refused;
    const busy = new BridgeError("busy", "too many read the log already", { hint: "close some pages" });
    return log.read() ?? refusal(503, busy, { "retry-after": "5" });
  });

  app.post("/api/link", ({ req }) => {
    const refused = guard(req.raw, who, false);
    return refused ?? Response.json({ url: `${parts.url()}${makeLink(key(), clock.now())}` }, { headers: PRIVATE });
  });

  app.post("/api/sign-in", async (context) => {
    const refused = await guardPeople(context);
    if (refused !== undefined) return refused;
    const wish = await readWish(context.req.raw);
    if (wish === undefined) {
      const error = new BridgeError("invalid_request", 'the body must be JSON with the strings "server" and "account"');
      return refusal(400, error);
    }
    const account = wish.account ?? view.pool.entry(wish.server)?.account ?? "default";
    if (view.signIn(wish.server, account)) return Response.json({}, { status: 202, headers: PRIVATE });
    return refusal(404, new BridgeError("unknown_name", "there is no server of this name that anybody signs in at"));
  });
}

/** Who is to sign in where; nothing where the body says something else. */
async function readWish(request: Request): Promise<{ server: string; account?: string } | undefined> {
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers.get("content-type") ?? "")) return undefined;
  if (!(Number(request.headers.get("content-length") ?? NaN) <= LARGEST_WISH)) return undefined;
  const wish: unknown = await request.json().catch(() => undefined);
  const { server, account } = (wish ?? {}) as { server?: unknown; account?: unknown };
  if (typeof server !== "string" || !(account === undefined || typeof account === "string")) return undefined;
  return { server, ...(account === undefined ? {} : { account }) };
}

async function page(status: number, title: string, text: string): Promise<Response> {
  return new Response(pageHtml({ title, text, isGood: false }), { status, headers: await pageHeaders() });
}
