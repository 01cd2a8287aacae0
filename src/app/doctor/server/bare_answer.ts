import { type AuthChallenge, authChallenge } from "../../../auth/challenge.ts";
import type { HttpBody } from "../../../net/body.ts";
import type { Wire } from "../../../net/gate.ts";
import type { Redirect } from "../../../net/redirects.ts";
import { BridgeError } from "../../../platform/errors.ts";
import { readRetryAfter } from "../../../transport/refusal.ts";
import { POST_HEADERS } from "../../../transport/request_headers.ts";
import type { World } from "../world.ts";
import { addressOf, isHttp, settingsOf } from "./subject.ts";

/** What a server says to who shows no credential. */
export interface BareAnswer {
  readonly status: number;
  /** In small letters, without parameters; empty where there is none. */
  readonly type: string;
  /** The first of the body, as text. */
  readonly body: string;
  readonly challenge: AuthChallenge | undefined;
  /** The server's clock, and when we asked, in ms; nothing where it names no date. */
  readonly date: number | undefined;
  readonly askedAt: number;
  readonly hops: readonly Redirect[];
  /** For how long the server asks to be left alone, in ms; nothing where it does not. */
  readonly retryAfter: number | undefined;
  /** The proxy that may have said it in the server's place. */
  readonly proxy: string | undefined;
  readonly ms: number;
}

/** No answer to the question. */
export class NoBareAnswer extends Error {
  /** What was thrown. */
  readonly thrown: unknown;
  /** The redirects before that. */
  readonly hops: readonly Redirect[];

  constructor(thrown: unknown, hops: readonly Redirect[]) {
    super("the server gives no answer");
    this.thrown = thrown;
    this.hops = hops;
  }
}

/** How long a server may take, in ms: less than a check has. */
const PATIENCE_MS = 8_000;
/** As much of a body is read, in bytes. */
const LONGEST_BODY = 400;

/** Of a WebSocket's address a question by GET, as a sign-in does, since messages are for its connection. */
const BY_GET = { method: "GET" } as const;

/** A request that changes nothing, and that every server refuses which wants to know who asks. */
const QUESTION = new TextEncoder().encode('{"jsonrpc":"2.0","id":"mcp-bridge:doctor","method":"ping"}');

/** The product's own way out to the server, without a credential; opened once. */
export function wireOf(world: World): Promise<Wire> {
  return world.once("wire", () => {
    const { network } = settingsOf(world);
    return Promise.resolve(world.doors.network.wire(network, world.clock));
  });
}

/**
 * Asks the server one question without a credential, as a sign-in begins; asked once.
 *
 * @throws {NoBareAnswer}
 */
export function bareAnswer(world: World): Promise<BareAnswer> {
  return world.once("bare answer", async () => {
    const hops: Redirect[] = [];
    try {
      return await ask(world, hops);
    } catch (thrown) {
      throw new NoBareAnswer(thrown, hops);
    }
  });
}

async function ask(world: World, hops: Redirect[]): Promise<BareAnswer> {
  const { authorization: _, ...headers } = settingsOf(world).headers;
  const abort = new AbortController();
  const timer = world.clock.after(PATIENCE_MS, () => abort.abort(silent(addressOf(world).host)));
  const [askedAt, since] = [world.clock.now(), performance.now()];
  try {
    const answer = await (await wireOf(world)).fetch({
      url: addressOf(world),
      ...(isHttp(world) ? { method: "POST", body: QUESTION } : BY_GET),
      headers: new Headers({ ...headers, ...POST_HEADERS }),
      abort,
      onredirect: (hop) => void hops.push(hop),
    });
    const type = (answer.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
    return {
      status: answer.status,
      type,
      body: type === "text/event-stream" ? (answer.body.discard(), "") : await beginning(answer.body),
      challenge: authChallenge(answer.headers),
      date: dateOf(answer.headers),
      askedAt,
      retryAfter: readRetryAfter(answer.headers.get("retry-after"), world.clock.now()),
      hops,
      proxy: answer.proxy,
      ms: performance.now() - since,
    };
  } finally {
    timer.cancel();
  }
}

/** The first of a body that comes by itself; a stream may never say more. */
async function beginning(body: HttpBody): Promise<string> {
  let bytes: Uint8Array = new Uint8Array();
  for await (const chunk of body.chunks()) {
    bytes = Buffer.concat([bytes, chunk]).subarray(0, LONGEST_BODY);
    if (bytes.length === LONGEST_BODY) break;
  }
  return new TextDecoder().decode(bytes).trim();
}

function dateOf(headers: Headers): number | undefined {
  const date = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(date) ? undefined : date;
}

function silent(host: string): BridgeError {
  return new BridgeError(
    "timed_out",
    `${host} takes the request and has not answered within ${PATIENCE_MS / 1_000} s`,
    {
      hint: "try again later, or ask whoever runs the server",
    },
  );
}
