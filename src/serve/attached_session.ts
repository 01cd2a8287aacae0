import { type Clock, pause } from "../platform/clock.ts";
import { LEAVING } from "../transport/attach_hello.ts";
import type { LocalEnd } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import type { ByteSink } from "../transport/outbox.ts";
import { claimsRevision } from "../transport/request_headers.ts";
import { StdioEnd } from "../transport/stdio.ts";
import { Arrears } from "./arrears.ts";
import type { PooledServer, Seat } from "./pooled_server.ts";
import type { ClientSession } from "./sessions.ts";
import { visitorOf } from "./watched.ts";

/** What the session of an attached process is made of. */
export interface AttachedSessionOptions {
  readonly target: string;
  readonly server: PooledServer;
  readonly input: AsyncIterable<Uint8Array>;
  readonly output: ByteSink;
  /** The longest message, in bytes. */
  readonly limit: number;
  readonly clock: Clock;
  /** The process has gone, or says what is no message. */
  onend(): void;
  /** Ends the connection. */
  close(): void;
}

/** How long a process has to wait for the answers that it still expects, in ms. */
const LAST_ANSWERS_MS = 800;

/**
 * A process of this user that hands us the messages of its client, line by line. As over HTTP, a client of the
 * handshake's era gets a session of its own, and one of the era without is one of many.
 */
export class AttachedSession implements ClientSession {
  readonly id = crypto.randomUUID();
  readonly target: string;
  readonly #options: AttachedSessionOptions;
  readonly #end: StdioEnd;
  readonly #local: LocalEnd;
  readonly #leave: () => void;
  /** Only while the process is behind. */
  #arrears: Arrears | undefined;
  #session: Seat | undefined;
  #amongOthers: Seat | undefined;
  #isOver = false;
  readonly #gone = new AbortController();

  constructor(options: AttachedSessionOptions) {
    this.target = options.target;
    this.#options = options;
    const { input, output, limit } = options;
    const onend = this.#leave = (): void => {
      this.#gone.abort();
      options.onend();
    };
    const events = {
      onmessage: (message: Message) => this.seat.fromClient(message),
      // The process sees to it that nothing else comes.
      onmalformed: onend,
      onoversize: onend,
      onend,
    };
    this.#end = new StdioEnd({ input, output, limit, events });
    this.#local = {
      send: (message, causedBy) => this.#send(message, causedBy),
      close: (deadline) => this.#end.close(deadline),
    };
  }

  readonly seat: Seat = {
    fromClient: (message) => this.#isOver ? undefined : this.#seatFor(message).fromClient(message),
    leave: async () => {
      await pause(this.#options.clock, LAST_ANSWERS_MS, this.#gone.signal);
      this.#isOver = true;
      this.#options.close();
      await Promise.all([this.#session?.leave(), this.#amongOthers?.leave()]);
    },
  };

  /** Reads until the process goes. */
  async read(): Promise<void> {
    await this.#end.read();
    this.#gone.abort();
  }

  isHeard(): boolean {
    return true;
  }

  /** A blank line is no message. */
  beat(): void {
    this.#end.say("");
  }

  /** Tells the process to go on by itself; it ends the connection once it has the answers that it waits for. */
  hangUp(): void {
    this.#end.say(LEAVING);
  }

  /** A process that does not read is ended: what it shares with others waits for none of them. */
  #send(message: Message, causedBy: string | undefined): Promise<void> | undefined {
    if (this.#gone.signal.aborted) return undefined;
    const wait = this.#end.send(message);
    if (wait === undefined) this.#arrears = undefined;
    else if ((this.#arrears ??= new Arrears(this.#options.limit)).add(message, causedBy, this.#end.behind)) {
      this.#leave();
      return undefined;
    }
    return wait;
  }

  #seatFor(message: Message): Seat {
    const { server } = this.#options;
    const visitor = { ...visitorOf(message), session: this.id };
    if (this.#session !== undefined) return this.#session;
    const isStateless = message.kind === "request"
      ? claimsRevision(message) || message.method === "server/discover"
      : this.#amongOthers !== undefined;
    if (isStateless) return this.#amongOthers ??= server.stand(this.#local, visitor);
    return this.#session = server.seat(this.#local, visitor);
  }
}
