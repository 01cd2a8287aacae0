import type { Clock } from "../platform/clock.ts";
import type { LocalSocket } from "../platform/local_socket.ts";
import type { Notify } from "../platform/notice.ts";
import { type Hello, Preface, readHello, sayWelcome } from "../transport/attach_hello.ts";
import { AttachedSession } from "./attached_session.ts";
import type { Pool, PoolEntry } from "./pool.ts";
import type { PooledServer } from "./pooled_server.ts";
import type { Sessions } from "./sessions.ts";

/** What taking in other processes of this user needs. */
export interface AttachedClientsOptions {
  /** Of the program: only the same one is understood for certain. */
  readonly version: string;
  readonly pool: Pool;
  readonly sessions: Sessions;
  /** The longest message, in bytes. */
  readonly limit: number;
  /** Who we are, and so who may come; nothing where the system counts no users. */
  readonly uid: number | undefined;
  /** What our environment says of the way to servers; see `Hello`. */
  readonly way: Hello["way"];
  readonly clock: Clock;
  readonly notify: Notify;
}

/** How long a process may take to say what it wants, in ms. */
const HELLO_MS = 5_000;

/** The processes `mcp-bridge NAME` of this user, which go through here to their servers. */
export class AttachedClients {
  readonly #options: AttachedClientsOptions;
  readonly #here = new Map<AttachedSession, Hello>();

  constructor(options: AttachedClientsOptions) {
    this.#options = options;
  }

  /**
   * Takes in a process that has connected, or tells it why not; `isProven` says whether it is one of this user's, by
   * what it shows, where the address that it found us at does not.
   */
  async take(socket: LocalSocket, isProven?: (preface: Preface) => Promise<boolean>): Promise<void> {
    const { clock, notify, limit, sessions, uid, version } = this.#options;
    const late = clock.after(HELLO_MS, () => socket.end());
    const peer = await socket.peerUser();
    if (peer !== undefined && uid !== undefined && peer !== uid) {
      notify({ level: "warn", text: `refused a process of another user (${peer}) at the local socket` });
      late.cancel();
      return socket.end();
    }
    const preface = new Preface(socket.input);
    const hello = await heard(preface, isProven).catch(() => undefined);
    late.cancel();
    if (hello === undefined) return socket.end();
    const found = this.#find(hello);
    if (typeof found === "string") {
      notify({ level: "debug", text: `a process for ${JSON.stringify(hello.name)} goes by itself: ${found}` });
      await this.#say(socket, { isWelcome: false, reason: found, version });
      return socket.end();
    }
    const session = new AttachedSession({
      // No address of the endpoint is called so.
      target: `attached ${hello.name}@${hello.account}`,
      server: found,
      input: preface.rest(),
      output: socket,
      limit,
      onend: () => void sessions.end(session.id),
      clock,
      close: () => {
        this.#here.delete(session);
        socket.end();
      },
    });
    this.#here.set(session, hello);
    sessions.add(session);
    await this.#say(socket, { isWelcome: true });
    await session.read();
  }

  /** Ends the sessions of servers that are gone or have changed: their processes go on by themselves. */
  async keep(entries: ReadonlyMap<string, PoolEntry>): Promise<void> {
    const over = [...this.#here].filter(([, { name, settings }]) => entries.get(name)?.attachable !== settings);
    await Promise.all(over.map(([{ id }]) => this.#options.sessions.end(id)));
  }

  /** The server that is meant, or why a process cannot be carried to it. */
  #find({ version, name, account, settings, way }: Hello): PooledServer | string {
    const { pool, sessions, version: own, way: ownWay } = this.#options;
    if (version !== own) return `it is version ${JSON.stringify(version)}, "serve" is ${own}`;
    const entry = pool.entry(name);
    if (entry === undefined) return '"serve" has no server of this name';
    if (entry.attachable === undefined) return "the server is a program that clients do not share";
    if (entry.attachable !== settings) return '"serve" has other settings for this server';
    const other = Object.keys(way).find((kind) => way[kind] !== ownWay[kind]);
    if (other !== undefined) return otherWay(other);
    return sessions.isFull ? '"serve" has too many sessions' : pool.get(name, account)!;
  }

  async #say(socket: LocalSocket, welcome: Parameters<typeof sayWelcome>[0]): Promise<void> {
    try {
      await socket.write(sayWelcome(welcome));
    } catch {
      // Who has gone is noticed where it is read.
    }
  }
}

/** Why a process with another proxy, or other authorities, in its environment goes by itself. */
function otherWay(kind: string): string {
  return kind === "proxy"
    ? '"serve" goes by another proxy, or by none: give both the same HTTPS_PROXY and NO_PROXY, and it will do'
    : '"serve" trusts other authorities: give both the same NODE_EXTRA_CA_CERTS, and it will do';
}

async function heard(
  preface: Preface,
  isProven: ((preface: Preface) => Promise<boolean>) | undefined,
): Promise<Hello | undefined> {
  if (isProven !== undefined && !await isProven(preface)) return undefined;
  return readHello(await preface.next());
}
