import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import { brokenBy, type LocalEnd, type SendOptions } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import { claimedRevision, claimsRevision } from "../transport/request_headers.ts";
import type { Link, LinkEvents, OpenLink } from "../transport/shared_stream.ts";
import { CommonConnection, Connection, LAST_WORDS_MS } from "./common_connection.ts";
import { type CommonEra, type Era, OneByOne } from "./era/common_era.ts";

/** What the links to one server have in common. */
export interface CommonLinkOptions {
  readonly open: OpenLink;
  readonly clock: Clock;
  /** The server's name to a person. */
  readonly server: string;
}

/** A client's place among those that may share a link. */
export interface Place extends CommonEra {
  /** Opens the client's link: its own, or its part of the common one. */
  readonly open: OpenLink;
}

/**
 * The links of many clients to one server, each of which carries everything in one stream: a program, say. Whoever does
 * a handshake has a link alone, as the server keeps a session in it; those who speak without one share a link, on which
 * no client's ids, answers and news meet another's. A link on which a handshake was refused can become the common one.
 */
export class CommonLink {
  readonly #options: CommonLinkOptions;
  readonly #asking: OneByOne;
  #known: Era | undefined;
  #common: CommonConnection | undefined;

  constructor(options: CommonLinkOptions) {
    this.#options = options;
    this.#asking = new OneByOne(options.clock);
  }

  /** Makes a client's place; nothing is opened. */
  place(): Place {
    let last: ClientLink | undefined;
    const known = (): Era | undefined => this.#known;
    return {
      get known(): Era | undefined {
        return known();
      },
      found: (era) => {
        this.#known = era;
        if (era === "modern") last?.share();
      },
      inTurn: (find) => this.#known === undefined ? this.#asking.take(find) : find(),
      open: (events, abort) => {
        last = new ClientLink({
          events,
          openOwn: () => new Connection(this.#options.open, abort),
          join: (own) => this.#join(own),
        });
        return Promise.resolve(last);
      },
    };
  }

  /** The common connection; where there is none it is `own`, which otherwise nobody needs, or another. */
  #join(own?: Connection): CommonConnection {
    if (this.#common?.isOver === false) {
      void own?.close(LAST_WORDS_MS);
      return this.#common;
    }
    const { open, server } = this.#options;
    const connection = own ?? new Connection(open, new AbortController());
    const common: CommonConnection = new CommonConnection(connection, server, () => {
      if (this.#common === common) this.#common = undefined;
    });
    return this.#common = common;
  }
}

/** What a client's link is made of. */
interface ClientLinkParts {
  readonly events: LinkEvents;
  openOwn(): Connection;
  /** The common connection, which `own` may become. */
  join(own?: Connection): CommonConnection;
}

/** One client's link: a connection of its own, or its part of the common one. */
class ClientLink implements Link {
  readonly #parts: ClientLinkParts;
  #own: Connection | undefined;
  #shared: { readonly common: CommonConnection; readonly end: LocalEnd } | undefined;

  constructor(parts: ClientLinkParts) {
    this.#parts = parts;
  }

  write(message: Message, options: SendOptions): Promise<void> | undefined {
    const own = this.#own;
    if (own?.isOver === false) return own.write(message, options);
    if (this.#isForMeAlone(message)) return this.#goAlone().write(message, options);
    if (this.#shared?.common.isOver !== false) this.#join(this.#parts.join());
    const { common, end } = this.#shared!;
    return common.write(message, end);
  }

  /** The server keeps nothing of this client: whatever it has to itself is everybody's from now on. */
  share(): void {
    const own = this.#own;
    if (own?.isOver === false) this.#join(this.#parts.join(own));
  }

  /** Nobody can answer any more what is in flight: whoever waits for it, and those whose turn comes then, go on. */
  async close(deadline: number): Promise<void> {
    const closed = this.#letGo(deadline);
    this.#parts.events.onclose(brokenBy(new BridgeError("closing", "the client has gone")));
    await closed;
  }

  async #letGo(deadline: number): Promise<void> {
    const { common, end } = this.#shared ?? {};
    await (end === undefined ? this.#own?.close(deadline) : common!.leave(end, deadline));
  }

  /** A session must begin on a link of its own, and what comes first and is of neither era is no reason to meet others. */
  #isForMeAlone(message: Message): boolean {
    if (message.kind === "request" && message.method === "initialize") return !claimsRevision(message);
    return this.#shared === undefined && claimedRevision(message) === undefined;
  }

  #goAlone(): Connection {
    void this.#letGo(LAST_WORDS_MS);
    this.#shared = undefined;
    this.#own = this.#parts.openOwn();
    this.#own.hear(this.#parts.events);
    return this.#own;
  }

  #join(common: CommonConnection): void {
    this.#own = undefined;
    this.#shared = { common, end: common.join(this.#parts.events) };
  }
}
