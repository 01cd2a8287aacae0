import type { AuthChallenge } from "../../../auth/challenge.ts";
import { createProver, type Prover } from "../../../auth/dpop.ts";
import { TokenCommand } from "../../../auth/token_command.ts";
import { bearerLife, bearerOf, isOver } from "../../../auth/token_life.ts";
import { type Credentials, withAuth } from "../../../auth/with_auth.ts";
import type { Wire } from "../../../net/gate.ts";
import { Budget } from "../../../platform/budget.ts";
import { BridgeError, ERROR_NUMBERS } from "../../../platform/errors.ts";
import { VERSION } from "../../../platform/version.ts";
import { composeMessage, decodedString, type Message } from "../../../transport/message.ts";
import { farEndMaker } from "../../far_end.ts";
import { NO_MEMORY } from "../../memory.ts";
import type { World } from "../world.ts";
import { wireOf } from "./bare_answer.ts";
import { held } from "./held.ts";
import { renewal } from "./renewal.ts";
import { settingsOf } from "./subject.ts";

/** What a handshake with the server has brought. */
export interface Handshake {
  /** What the server says of itself, unquoted. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Nothing where its answer names none. */
  readonly revision: string | undefined;
  readonly capabilities: readonly string[];
  /** Whether it knows no handshake, so that what older clients say is translated. */
  readonly isTranslated: boolean;
  /** Whether the second of the two HTTP transports was the one. */
  readonly isSecond: boolean;
}

/** With what credential it was done. */
export interface ShownCredential {
  readonly kind: "none" | "header" | "command" | "token" | "ended";
  /** Whether the product would renew the token that the server refuses. */
  readonly renews: boolean;
  /** Set once the server refuses it: what it says of that. */
  refused?: { readonly status: number; readonly challenge: AuthChallenge | undefined };
}

/** The server answered the handshake by an error of JSON-RPC. */
export class HandshakeRefused extends Error {
  /** The number of the error, as the server wrote it. */
  readonly number: string;

  constructor(message: string, number: string) {
    super(message);
    this.number = number;
  }
}

/** How long a server may take, and the end of the session, in ms. */
const PATIENCE_MS = 8_000;
const LAST_DELETE_MS = 500;
const REVISION = "2025-11-25";
/** The bytes of messages that are held at most. */
const BUFFER_BYTES = 4 * 1_048_576;

/**
 * Opens a session with the server as a client of today does, by whatever transport and era it has, and ends it. No
 * browser is opened and no token renewed; `shown` tells what the server was shown.
 *
 * @throws {HandshakeRefused}
 * @throws {ChannelFailure} as a far end does
 */
export async function shakeHands(world: World, wire: Wire): Promise<Handshake> {
  const settings = settingsOf(world);
  const answered = Promise.withResolvers<Message>();
  let isSecond = false;
  let translated: string | undefined;
  const make = farEndMaker(settings.server, {
    strategy: settings.transport,
    wire,
    clock: world.clock,
    headers: settings.headers,
    budget: new Budget(BUFFER_BYTES),
    limit: Math.min(settings.maxMessage, BUFFER_BYTES),
    idle: 0,
    patience: Math.min(settings.network.connectTimeout || PATIENCE_MS, PATIENCE_MS),
    notify: world.notify,
    memory: NO_MEMORY,
    protocol: settings.protocol,
    onsecond: () => isSecond = true,
    ontranslate: (revision) => translated = revision,
  });
  const far = make({
    onmessage(message): undefined {
      if (message.kind === "response") answered.resolve(message);
    },
    onactivity(): void {},
    onloss(): void {},
  });
  const abort = new AbortController();
  const timer = world.clock.after(PATIENCE_MS, () => abort.abort(silent()));
  try {
    const late = new Promise<never>((_, reject) => abort.signal.addEventListener("abort", () => reject(silent())));
    const answer = await Promise.race([carried(far.send(initialize(), { abort }), answered.promise), late]);
    return { ...readAnswer(answer), isSecond, isTranslated: translated !== undefined, ...revisionOf(translated) };
  } finally {
    timer.cancel();
    await far.close(LAST_DELETE_MS);
  }
}

/** The answer comes before its exchange ends, or the exchange fails. */
async function carried(exchange: Promise<void> | undefined, answer: Promise<Message>): Promise<Message> {
  await exchange;
  return await answer;
}

function revisionOf(translated: string | undefined): { revision: string } | Record<string, never> {
  return translated === undefined ? {} : { revision: translated };
}

function initialize(): Message {
  return composeMessage({
    id: "mcp-bridge:doctor",
    method: "initialize",
    params: {
      protocolVersion: REVISION,
      capabilities: {},
      clientInfo: { name: "mcp-bridge doctor", version: VERSION },
    },
  });
}

function readAnswer(answer: Message): Omit<Handshake, "isTranslated" | "isSecond"> {
  if (answer.isError) throw refusalIn(answer);
  const member = (name: string): unknown => JSON.parse(answer.answerMember("result", name) ?? "null");
  const { name, version } = (member("serverInfo") ?? {}) as { name?: unknown; version?: unknown };
  const revision = member("protocolVersion");
  return {
    name: typeof name === "string" ? name : undefined,
    version: typeof version === "string" ? version : undefined,
    revision: typeof revision === "string" ? revision : undefined,
    capabilities: Object.keys((member("capabilities") ?? {}) as object),
  };
}

/** The server's own error, or ours in its place. */
function refusalIn(answer: Message): Error {
  const message = decodedString(answer.answerMember("error", "message")) ?? "no reason is given";
  const number = answer.answerMember("error", "code") ?? "no number";
  if (Number(number) !== ERROR_NUMBERS["bad_answer"]) return new HandshakeRefused(message, number);
  const [, text = message, hint] = /^mcp-bridge: (.*?)(?:; ([^;]*))?$/s.exec(message) ?? [];
  return new BridgeError("bad_answer", text, hint === undefined ? {} : { hint });
}

function silent(): BridgeError {
  return new BridgeError("timed_out", `the server has not answered the handshake within ${PATIENCE_MS / 1_000} s`);
}

/** The way to the server with the credential that the product would show, as long as nobody has to be asked for it. */
export async function withCredential(world: World): Promise<{ wire: Wire; shown: ShownCredential }> {
  const wire = await wireOf(world);
  const { server, headers, signIn } = settingsOf(world);
  if (!(server instanceof URL)) return { wire, shown: { kind: "none", renews: false } };
  if (headers["authorization"] !== undefined) return { wire, shown: { kind: "header", renews: false } };
  if (signIn.tokenCommand !== undefined) {
    const credentials = new TokenCommand({ ...signIn.tokenCommand, env: world.env, clock: world.clock });
    return { wire: withAuth(wire, server, credentials), shown: { kind: "command", renews: false } };
  }
  const { token, prover, ...known } = await tokenOf(world);
  const shown: ShownCredential = known;
  return { wire: withAuth(wire, server, asItIs(token, prover, shown)), shown };
}

/** The token in the vault, as far as it is good. What keeps the vault shut is for another check to say. */
async function tokenOf(
  world: World,
): Promise<{ kind: "none" | "token" | "ended"; renews: boolean; token?: string; prover?: Prover }> {
  const known = await held(world).catch(() => undefined);
  if (known?.tokens === undefined) return { kind: "none", renews: false };
  const { grant: { proofKey }, tokens } = known;
  const { useIdToken } = settingsOf(world).signIn;
  const renews = tokens.refreshToken !== undefined && (await renewal(world)).kind !== "renewed";
  if (isOver(bearerLife(tokens, useIdToken), world.clock.now())) return { kind: "ended", renews };
  const prover = proofKey === undefined ? {} : { prover: await createProver(proofKey) };
  return { kind: "token", renews, token: bearerOf(tokens, useIdToken), ...prover };
}

/** A token as it is: nobody finds a better one. */
function asItIs(token: string | undefined, prover: Prover | undefined, shown: ShownCredential): Credentials {
  return {
    prover,
    current: () => token,
    better({ status, challenge }): Promise<never> {
      shown.refused = { status, challenge };
      return Promise.reject(new BridgeError("sign_in_required", `the server asks for credentials (${status})`));
    },
  };
}
