import type { Abort } from "../platform/abort.ts";
import { type Budget, SMALL_MESSAGE } from "../platform/budget.ts";
import { type Clock, pause } from "../platform/clock.ts";
import { toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { ChannelFailure, type FarEnd } from "../transport/channel.ts";
import type { Message } from "../transport/message.ts";
import { idKey } from "../transport/message_id.ts";
import { nextStep } from "./next_step.ts";
import { OpenQuestions } from "./open_questions.ts";
import type { Recover } from "./recover.ts";
import { type InLine, Turns } from "./turns.ts";

/** What messages of the client without an answer need. */
export interface OneWayOptions {
  readonly far: FarEnd;
  readonly clock: Clock;
  readonly budget: Budget;
  readonly notify: Notify;
  /** See `PumpOptions`. */
  readonly takesTurns?: boolean;
}

/** The notifications that go to a server at a time. */
const AT_A_TIME = { count: 64, slowCount: 256, bytes: 4 * 1_048_576, counted: Infinity };

/** Carries what the client says without waiting for an answer: notifications, and its answers to the server. */
export class OneWay {
  readonly #options: OneWayOptions;
  readonly #recover: Recover;
  readonly #leaving: Abort;
  /** Requests of the server that wait for the client, by id key, with the session that they belong to. */
  #asked: OpenQuestions<number> | undefined;
  readonly #turns: Turns<InLine> | undefined;

  /** `leaving` is aborted when the bridge is ending. */
  constructor(options: OneWayOptions, recover: Recover, leaving: Abort) {
    this.#options = options;
    this.#recover = recover;
    this.#leaving = leaving;
    if (options.takesTurns === true) {
      this.#turns = new Turns(options.clock, AT_A_TIME, (item) => {
        void this.#notification(item.message).then(() => this.#turns!.leave(item));
      });
    }
  }

  /** The server asks the client something. */
  asked({ key }: Message): void {
    (this.#asked ??= new OpenQuestions()).add(key, this.#recover.generation);
  }

  /** The server does not want an answer any more (basic/utilities/cancellation). Gives whether it was this it waited for. */
  withdrawn(cancel: Message): boolean {
    const id = cancel.param("requestId");
    return id !== undefined && this.#asked?.take(idKey(id)) !== undefined;
  }

  /** A new session, which may have asked already: nobody waits for the answers to the old one's requests. */
  forget(): void {
    for (const [key, generation] of this.#asked?.entries() ?? []) {
      if (generation !== this.#recover.generation) this.#asked!.take(key);
    }
  }

  /** Carries a notification; a failure is told, since nobody waits for an answer that could. */
  notification(message: Message): Promise<void> | undefined {
    if (message.method === "notifications/initialized") {
      void this.#carry(message, message.method, () => this.#recover.confirm(message));
    } else if (this.#turns === undefined) void this.#notification(message);
    else if (!this.#turns.isClosed) {
      return this.#turns.enter({ message: this.#turns.isBusy ? message.apart() : message, hasTurn: false });
    } else this.#options.notify({ level: "info", text: `${message.method!} did not reach the server: too many wait` });
    return undefined;
  }

  async #notification(message: Message): Promise<void> {
    await this.#carry(message, message.method!, () => this.#send(message));
  }

  /** Carries an answer to the server, to the session that asked alone. */
  async answer(message: Message): Promise<void> {
    if (this.#asked?.take(message.key) !== this.#recover.generation) {
      this.#options.notify({
        level: "debug",
        text: "dropped an answer of the client that the server does not wait for",
      });
      return;
    }
    await this.#carry(message, "an answer of the client", () => this.#send(message));
  }

  /** What is large counts while it is on its way. */
  async #carry(message: Message, what: string, work: () => Promise<void>): Promise<void> {
    const lease = this.#options.budget.lease();
    if (message.bytes.length > SMALL_MESSAGE) lease.hold(message.bytes.length);
    try {
      await work();
    } catch (thrown) {
      const text = `${what} did not reach the server: ${toBridgeError(thrown).message}`;
      this.#options.notify({ level: "info", text });
    } finally {
      lease.end();
    }
  }

  /** What did not reach the server is sent again as a request would be. */
  async #send(message: Message): Promise<void> {
    const { clock, far } = this.#options;
    const recover = this.#recover;
    const since = clock.now();
    let waited = 0;
    let remade = false;
    for (let repeats = 0;; repeats++) {
      if (!recover.isReady) await recover.ready();
      const generation = recover.generation;
      try {
        return await far.send(message);
      } catch (thrown) {
        const method = message.method ?? "response";
        const step = nextStep(thrown, { method, age: clock.now() - since, repeats, waited, remade });
        if (step.kind === "fail" || this.#leaving.aborted) throw thrown;
        if (step.kind === "remake_session") {
          remade = true;
          await recover.remake(generation);
          if (message.kind === "response") throw thrown;
        } else {
          if (thrown instanceof ChannelFailure && thrown.retryAfter !== undefined) waited += step.after;
          await pause(clock, step.after, this.#leaving.signal);
        }
      }
    }
  }
}
