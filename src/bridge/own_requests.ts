import { type Clock, pause } from "../platform/clock.ts";
import { ChannelFailure, type FarEnd } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";

/** What requests of our own need. */
export interface OwnRequestsOptions {
  readonly far: FarEnd;
  readonly clock: Clock;
  /** What their ids begin with, so that they differ from those of a bridge beyond this one. */
  readonly prefix?: string | undefined;
  /** Bytes arrived for one of them. */
  onactivity(): void;
}

const NOTIFICATION_MS = 5_000;

/** What the bridge itself asks the server, under ids that no client uses. */
export class OwnRequests {
  readonly #options: OwnRequestsOptions;
  /** By id key; only while there are some, as a session that waits costs less without. */
  #waiting: Map<string, (answer: Message) => void> | undefined;
  #count = 0;

  constructor(options: OwnRequestsOptions) {
    this.#options = options;
  }

  /** The id of the next request, in raw form. */
  nextId(): string {
    return `"${this.#options.prefix ?? "mcp-bridge"}:${++this.#count}"`;
  }

  /** Takes an answer of the server that belongs here. */
  settle(answer: Message): boolean {
    const onanswer = this.#waiting?.get(answer.key);
    onanswer?.(answer);
    return onanswer !== undefined;
  }

  /**
   * Sends a request; settles with the server's answer of either kind, as soon as that is there. `onanswer` sees it
   * before anything that arrives later.
   *
   * @throws {ChannelFailure} of the exchange, or `timed_out` after `patience` ms.
   */
  ask(request: Message, patience: number, onanswer?: (answer: Message) => void): Promise<Message> {
    const { clock, far, onactivity } = this.#options;
    const late = new AbortController();
    const timer = clock.after(patience, () => {
      const what = `no answer within ${patience / 1000} s`;
      late.abort(new ChannelFailure("broken", "timed_out", what, { mayHaveRun: true }));
    });
    return new Promise<Message>((resolve, reject) => {
      (this.#waiting ??= new Map()).set(request.key, (answer: Message) => {
        this.#forget(request);
        onanswer?.(answer);
        resolve(answer);
      });
      Promise.resolve(far.send(request, { abort: late, onactivity })).then(() => reject(strayAnswer()), reject);
    }).finally(() => {
      timer.cancel();
      this.#forget(request);
    });
  }

  #forget({ key }: Message): void {
    this.#waiting?.delete(key);
    if (this.#waiting?.size === 0) this.#waiting = undefined;
  }

  /** Sends what has no answer; a server that is slow to accept it holds nobody up for long. */
  async tell(notification: Message): Promise<void> {
    const { clock, far } = this.#options;
    const sent = new AbortController();
    try {
      await Promise.race([far.send(notification), pause(clock, NOTIFICATION_MS, sent.signal)]);
    } finally {
      sent.abort();
    }
  }
}

/** The failure of an exchange that ended well, with the answer of another request. */
export function strayAnswer(): ChannelFailure {
  return new ChannelFailure("refused", "bad_answer", "the server answered something other than this request", {
    mayHaveRun: true,
  });
}
