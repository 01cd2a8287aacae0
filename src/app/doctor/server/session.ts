import { refusalText } from "../../../auth/refusal.ts";
import { quoted } from "../../../platform/errors.ts";
import { ChannelFailure } from "../../../transport/channel.ts";
import {
  type Check,
  type Details,
  type Explanation,
  type Explanations,
  fault,
  faultOf,
  type Finding,
  ok,
  type Particulars,
  skip,
} from "../check.ts";
import type { World } from "../world.ts";
import { type Handshake, HandshakeRefused, shakeHands, type ShownCredential, withCredential } from "./handshake.ts";
import { commandFor, isHttp, settingsOf } from "./subject.ts";

const ASK = "ask whoever runs the server";
const NO_ENDPOINT = "check the path of the address: that of an MCP server is often /mcp, or /sse";

const explains = {
  token_outdated: {
    result: "warn",
    cause: "the server refuses the token before its end; the next use renews it",
    cure: 'run "mcp-bridge doctor NAME --refresh" to see that it can be',
  },
  token_refused: {
    result: "fail",
    cause: "the server refuses the token",
    cure: 'run "mcp-bridge login NAME --force"',
  },
  credential_refused: {
    result: "fail",
    cause: "the server refuses the credential that you give",
    cure: 'check the "Authorization" header, or the command that gives the token',
  },
  too_narrow: {
    result: "fail",
    cause: "the token allows less than the server wants",
    cure: 'run "mcp-bridge login NAME --force"',
  },
  forbidden: {
    result: "fail",
    cause: "the server lets nobody in like this (403)",
    cure: "check that the account may do this, and the headers that are given",
  },
  not_found: { result: "fail", cause: "there is nothing at this address (404)", cure: NO_ENDPOINT },
  no_post: { result: "fail", cause: "the address takes no messages (405): it is no MCP endpoint", cure: NO_ENDPOINT },
  not_acceptable: {
    result: "fail",
    cause: "the server gives neither JSON nor event streams (406): it is no MCP endpoint",
    cure: NO_ENDPOINT,
  },
  http_status: { result: "fail", cause: "the server refuses the handshake by its HTTP status", cure: ASK },
  busy: { result: "warn", cause: "the server asks for patience (429, 503)", cure: "try again later" },
  bad_answer: { result: "fail", cause: "what the server answers is no MCP", cure: NO_ENDPOINT },
  no_answer: { result: "fail", cause: "the server takes the handshake and gives no answer to it", cure: ASK },
  refused: { result: "fail", cause: "the server refuses the handshake", cure: ASK },
  timed_out: {
    result: "fail",
    cause: "the server takes the handshake and says nothing more",
    cure: "try again later, or ask whoever runs the server",
  },
} as const;

/** Which transport and which era of the protocol the server speaks, and whether a session opens. */
export const serverSession: Check = {
  code: "server-session",
  title: "session",
  after: ["server-settings", "server-http"],
  limit: 25_000,
  explains,
  async run(world: World): Promise<Finding> {
    const { wire, shown } = await withCredential(world);
    try {
      return openedSession(await shakeHands(world, wire), world);
    } catch (thrown) {
      return unopened(thrown, shown, world);
    }
  },
};

/** A session that was opened, as a finding. */
export function openedSession(hands: Handshake, world: World): Finding {
  const { name, version, revision, capabilities, isTranslated } = hands;
  const transport = transportOf(hands, world);
  const who = name === undefined
    ? "the server"
    : `${quoted(name, 60)}${version === undefined ? "" : ` ${shown(version)}`}`;
  const text = `${who} speaks MCP ${shown(revision)} over ${transport}`;
  const details = { name, version, revision, transport, isTranslated, capabilities };
  return ok(`${text}${remark(hands, world)}`, details);
}

/** A handshake that the server answered by an error, as the fault `refused`. */
export function refusedHandshake(
  explains: Explanations & { readonly refused: Explanation },
  { message, number }: HandshakeRefused,
  world: World,
): Finding {
  const isLegacy = settingsOf(world).protocol === "legacy" && number === "-32022";
  return fault(explains, "refused", {
    text: `the server refuses the handshake, ${quoted(message)} (${number})`,
    ...(isLegacy ? { cure: 'leave "--protocol legacy" out' } : {}),
  });
}

function remark({ isTranslated, isSecond }: Handshake, world: World): string {
  if (isTranslated) return ", without a handshake: what older clients say is translated";
  if (!isSecond) return "";
  const only = settingsOf(world).transport === "http-first" ? "sse-only" : "http-only";
  return ` alone; "--transport ${only}" saves a try at each start`;
}

function transportOf({ isSecond }: Handshake, world: World): string {
  const { server, transport } = settingsOf(world);
  if (!(server instanceof URL)) return "stdio";
  if (server.protocol.startsWith("ws")) return "a WebSocket";
  return transport.startsWith("sse") === isSecond ? "Streamable HTTP" : "the retired HTTP+SSE transport";
}

function unopened(thrown: unknown, credential: ShownCredential, world: World): Finding {
  if (thrown instanceof HandshakeRefused) return refusedHandshake(explains, thrown, world);
  if (!(thrown instanceof ChannelFailure)) return faultOf(explains, thrown);
  if (thrown.kind === "sign_in_required") return refused(credential, world);
  if (thrown.code === "http_status" && thrown.status !== undefined) return byStatus(thrown, thrown.status, world);
  return faultOf(explains, thrown);
}

const RENEWED = 'the token has ended, and the next use renews it; "--refresh" does so now';

function refused(credential: ShownCredential, world: World): Finding {
  const { kind, refused } = credential;
  const details: Details = { ...refused };
  switch (kind) {
    case "none":
      return skip("it takes a sign-in first", details);
    case "ended":
      return skip(credential.renews ? RENEWED : "the token has ended, and it takes a new sign-in", details);
    case "token":
      return fault(explains, ...refusedToken(credential, world, details));
    default:
      return fault(explains, "credential_refused", { details });
  }
}

/** Which fault it is that the server refuses a token, and what is particular to it. */
function refusedToken(
  { refused, renews }: ShownCredential,
  world: World,
  details: Details,
): [name: keyof typeof explains, particulars: Particulars] {
  const said = refusalText(refused?.challenge?.error, refused?.challenge?.errorDescription);
  if (refused?.status === 403) {
    const text = `the token allows less than the server wants (403)${said}`;
    return ["too_narrow", { text, cure: commandFor(world, "login", "--force"), details }];
  }
  const text = `the server refuses the token (401)${said}`;
  if (!renews) return ["token_refused", { text, cure: commandFor(world, "login", "--force"), details }];
  const cure = `${commandFor(world, "doctor", "--refresh")} to see that it can be`;
  return ["token_outdated", { text: `${text}; the next use renews it`, cure, details }];
}

const BY_STATUS: Readonly<Record<number, keyof typeof explains>> = {
  403: "forbidden",
  404: "not_found",
  405: "no_post",
  406: "not_acceptable",
};

function byStatus(failure: ChannelFailure, status: number, world: World): Finding {
  const name = BY_STATUS[status] ?? "http_status";
  const cure = cureOf(status, world) ?? (name === "http_status" ? failure.hint : undefined);
  return fault(explains, name, {
    ...(name === "http_status" ? { text: failure.message } : {}),
    ...(cure === undefined ? {} : { cure }),
    details: { status, said: failure.message },
  });
}

/** What may be at fault on our side. */
function cureOf(status: number, world: World): string | undefined {
  const { transport } = settingsOf(world);
  if (!isHttp(world)) return "check the address: servers of today are reached by https, not on a WebSocket";
  const mayBeOther = status === 404 || status === 405;
  return mayBeOther && transport.endsWith("-only") ? `leave "--transport ${transport}" out` : undefined;
}

/** A server's words without quotes, away from the terminal's controls. */
function shown(text: string): string {
  return quoted(text, 40).slice(1, -1);
}
