import { Pump } from "../bridge/pump.ts";
import type { ClientListener, Stage } from "../bridge/stage.ts";
import { createGate } from "../net/gate.ts";
import type { TlsSettings } from "../net/tls.ts";
import { Budget } from "../platform/budget.ts";
import { systemClock } from "../platform/clock.ts";
import type { Notify } from "../platform/notice.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import type { Channel } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import type { ByteSink } from "../transport/outbox.ts";
import { StdioEnd } from "../transport/stdio.ts";
import { type ClientSideSettings, stagesFor } from "./client_side.ts";
import { makeFarEnd, type Strategy } from "./far_end.ts";
import type { SignInSettings } from "./sign_in_settings.ts";

/** Which revisions of the protocol are spoken to the server: with a handshake, without, or what it understands. */
export const PROTOCOLS = ["legacy", "auto", "modern"] as const;

/** One of `PROTOCOLS`. */
export type Protocol = typeof PROTOCOLS[number];

/** What a person asks for with `mcp-bridge <url>`. Times in ms, sizes in bytes, 0 for no limit. */
export interface ConnectSettings extends ClientSideSettings {
  readonly url: URL;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Strategy;
  readonly tls: TlsSettings;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
  /** From a request's receipt to its answer. */
  readonly timeout: number;
  /** How long a host is left without an answer to `initialize`; 0 for not at all. */
  readonly grace: number;
  /** The longest message. */
  readonly maxMessage: number;
  /** How often a session is pinged so that nobody on the way takes it for dead; 0 for never. */
  readonly keepAlive: number;
  readonly protocol: Protocol;
  readonly signIn: SignInSettings;
}

/** The world around the bridge; a test brings its own. */
export interface ConnectWorld {
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteSink;
  readonly notify: Notify;
}

/** The pump, and where what the client says goes in: to the pump itself, or to the first stage before it. */
interface Bridge {
  readonly pump: Pump;
  readonly entry: ClientListener;
}

/** The bytes of messages that the process holds at most before reading waits. */
const BUFFER_BYTES = 64 * 1_048_576;
/** Leaving takes 2 s at most: answers on their way, then the session's end, then what is left to write, in ms. */
const LAST_ANSWERS_MS = 1_000;
const LAST_DELETE_MS = 500;
const LAST_WRITE_MS = 300;

/**
 * The bridge on stdio: moves messages between the client on this process's input and output and one remote server
 * until the client leaves or a signal comes. Settles with the exit code; a server that is down does not end it.
 */
export async function connect(settings: ConnectSettings, world: ConnectWorld): Promise<number> {
  const clock = systemClock;
  if (!settings.tls.rejectUnauthorized) {
    const host = settings.url.host;
    world.notify({
      level: "warn",
      text: `the certificate of ${host} is not checked: anybody on the way can read and change what passes`,
    });
  }
  const budget = new Budget(BUFFER_BYTES);
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let bridge: Bridge | undefined;
  // The client's first message says who it is, and so what has to stand between it and the pump.
  const open = (first?: Message): Bridge => bridge ??= build(first);
  const local = new StdioEnd({
    input: world.input,
    output: world.output,
    limit: settings.maxMessage,
    events: {
      onmessage: (message) => open(message).entry.fromClient(message),
      onmalformed: (fault) => open().pump.malformed(fault),
      onoversize: (id) => open().pump.oversize(id, settings.maxMessage),
      onend: () => end(0),
    },
  });
  const far = makeFarEnd({
    url: settings.url,
    strategy: settings.transport,
    wire: createGate({
      clock,
      budget,
      tls: settings.tls,
      connectTimeout: settings.connectTimeout,
      headersTimeout: settings.headersTimeout,
    }),
    clock,
    headers: settings.headers,
    budget,
    limit: settings.maxMessage,
    idle: settings.bodyTimeout,
    patience: settings.connectTimeout,
    notify: world.notify,
    events: {
      onmessage: (message, causedBy) => open().pump.fromServer(message, causedBy),
      onactivity: () => open().pump.heard(),
      onloss: () => open().pump.lost(),
    },
  });
  function build(first?: Message): Bridge {
    const { notify } = world;
    const server = settings.url;
    const stages: Stage[] = [];
    let client: Channel = local;
    for (const make of stagesFor(settings, first, { server, clock, budget, notify, total: settings.timeout })) {
      const next = stages.length + 1;
      stages.push(make({ client, onward: (message) => (stages[next] ?? pump).fromClient(message) }));
      client = stages.at(-1)!;
    }
    const pump = new Pump({
      local: client,
      far,
      server,
      clock,
      budget,
      notify,
      deadlines: { total: settings.timeout, idle: settings.bodyTimeout },
      grace: settings.grace,
    });
    return { pump, entry: stages[0] ?? pump };
  }
  watchForEnd((ending) => end(ending.exitCode));
  void local.read();
  const exitCode = await ended;
  await bridge?.pump.leave(exitCode === 0 ? LAST_ANSWERS_MS : 0);
  await Promise.all([far.close(LAST_DELETE_MS), local.close(LAST_WRITE_MS)]);
  return exitCode;
}
