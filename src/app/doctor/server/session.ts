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
  type Particulars,
  skip,
} from "../check.ts";
import type { World } from "../world.ts";
import { HandshakeRefused, shakeHands, type ShownCredential, withCredential } from "./handshake.ts";
import { openedSession } from "./opened_session.ts";
import { need } from "./search.ts";
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
  token_command: {
    result: "fail",
    cause: "the program that is to print the token fails, or prints something else",
    cure: 'run the words of "--token-command" in a terminal, and see what they print',
  },
  sign_in_late: {
    result: "warn",
    cause: "the server asks for a sign-in at the handshake, and not before",
    cure: 'run "mcp-bridge tools NAME", which signs in',
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
  no_revision: {
    result: "fail",
    cause: "the server's answer to the handshake names no revision of MCP, and clients end the session there",
    cure: ASK,
  },
  unknown_revision: {
    result: "warn",
    cause:
      "the server answers the handshake with a revision of MCP that is not known: clients may end the session there",
    cure: `update mcp-bridge and the client, or ${ASK}`,
  },
  too_large: { result: "fail", cause: "the server's answer to the handshake is too large", cure: ASK },
  outcome_unknown: {
    result: "fail",
    cause: "the connection ends before the handshake is answered",
    cure: `try again later, or ${ASK}`,
  },
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
      return openedSession(explains, await shakeHands(world, wire), world);
    } catch (thrown) {
      return await unopened(thrown, shown, world);
    }
  },
};

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

async function unopened(thrown: unknown, credential: ShownCredential, world: World): Promise<Finding> {
  if (thrown instanceof HandshakeRefused) return refusedHandshake(explains, thrown, world);
  if (!(thrown instanceof ChannelFailure)) return faultOf(explains, thrown);
  if (thrown.kind === "sign_in_required") return await refused(thrown, credential, world);
  if (thrown.code === "http_status" && thrown.status !== undefined) return byStatus(thrown, thrown.status, world);
  if (thrown.code === "too_large") return fault(explains, "too_large");
  return faultOf(explains, thrown);
}

const RENEWED = 'the token has ended, and the next use renews it; "--refresh" does so now';

async function refused(thrown: ChannelFailure, credential: ShownCredential, world: World): Promise<Finding> {
  const { kind, refused } = credential;
  const details: Details = { ...refused };
  switch (kind) {
    case "none":
      if ((await need(world)).kind === "needed") return skip("it takes a sign-in first", details);
      return fault(explains, "sign_in_late", { cure: `${commandFor(world, "tools")}, which signs in`, details });
    case "ended":
      return skip(credential.renews ? RENEWED : "the token has ended, and it takes a new sign-in", details);
    case "token":
      return fault(explains, ...refusedToken(credential, world, details));
    case "command":
      if (thrown.code === "sign_in_required") return fault(explains, "credential_refused", { details });
      return fault(explains, "token_command", {
        text: thrown.message,
        cure: thrown.hint ?? explains.token_command.cure,
      });
    case "header":
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
