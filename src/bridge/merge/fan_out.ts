import type { Clock, Timer } from "../../platform/clock.ts";
import { BridgeError, harmless, quoted } from "../../platform/errors.ts";
import { decodedString, type Message } from "../../transport/message.ts";
import { errorBehind } from "../answers.ts";
import type { Branch } from "./branch.ts";

/** What came of a question to one server. */
export type Outcome =
  & { readonly branch: Branch }
  & (
    | { readonly kind: "answered"; readonly answer: Message }
    /** It said no, or could not be had: the error that says so. */
    | { readonly kind: "failed"; readonly error: Message }
    /** It has nothing of the kind. */
    | { readonly kind: "none" }
    /** It has the question and has not answered in time, or is not there to be asked, or was known to be late. */
    | { readonly kind: "late"; readonly why: "asked" | "absent" | "known" }
  );

/** What asking several servers needs. */
export interface FanOutOptions {
  readonly branches: readonly Branch[];
  /** The client's request; each server gets it under an id of ours. */
  readonly request: Message;
  /** The capability without which a server has nothing to say to it. */
  readonly capability: string | undefined;
  readonly clock: Clock;
  /** Whether a server is known to be late: then nobody waits for it. */
  isLate(branch: Branch): boolean;
  /** A server that was late has answered, or is there at last, or is known not to be. */
  onlate(branch: Branch, answer?: Message): void;
}

/** What is done for a request of the client. */
export interface UnderWay {
  /** Never settles once it was cancelled. */
  readonly answer: Promise<Message>;
  cancel(notification: Message): void;
}

/** How long the slowest of several servers is waited for, in ms: the client has its answer within 5 s. */
export const FAN_OUT_MS = 4_500;
const METHOD_NOT_FOUND = "-32601";

/** One question of the client to several servers, with an end in sight however slow one of them is. */
export class FanOut {
  /** What came of it, in the order of the servers; never fails, and never settles once it was cancelled. */
  readonly done: Promise<readonly Outcome[]>;
  readonly #options: FanOutOptions;
  readonly #outcomes = new Map<Branch, Outcome>();
  /** The questions that are out, by their ids in raw form. */
  readonly #out = new Map<Branch, string>();
  readonly #end: (outcomes: readonly Outcome[]) => void;
  readonly #timer: Timer;
  #isOver = false;

  constructor(options: FanOutOptions) {
    const { promise, resolve } = Promise.withResolvers<readonly Outcome[]>();
    this.#options = options;
    this.done = promise;
    this.#end = resolve;
    this.#timer = options.clock.after(FAN_OUT_MS, () => this.#finish());
    for (const branch of options.branches) {
      if (options.isLate(branch)) this.#take({ branch, kind: "late", why: "known" });
      else branch.presence.ready((refusal) => this.#ask(branch, refusal));
    }
    this.#finishIfComplete();
  }

  /** The client does not want the answer any more. */
  cancel(notification: Message): void {
    this.#isOver = true;
    this.#timer.cancel();
    for (const [branch, id] of this.#out) void branch.cancel(id, notification);
  }

  #ask(branch: Branch, refusal: Message | undefined): void {
    const { capability, request } = this.#options;
    if (this.#isOver) return this.#options.onlate(branch);
    if (refusal !== undefined) return this.#take({ branch, kind: "failed", error: refusal });
    if (capability !== undefined && !branch.presence.mayOffer(capability)) return this.#take({ branch, kind: "none" });
    const id = branch.ask(request, request.key, (answer) => {
      if (this.#isOver) this.#options.onlate(branch, answer);
      else this.#take(judged(branch, answer));
    });
    if (!this.#outcomes.has(branch)) this.#out.set(branch, id);
  }

  #take(outcome: Outcome): void {
    this.#out.delete(outcome.branch);
    this.#outcomes.set(outcome.branch, outcome);
    this.#finishIfComplete();
  }

  #finishIfComplete(): void {
    if (!this.#isOver && this.#outcomes.size === this.#options.branches.length) this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    this.#timer.cancel();
    this.#end(
      this.#options.branches.map((branch) =>
        this.#outcomes.get(branch) ?? { branch, kind: "late", why: this.#out.has(branch) ? "asked" : "absent" }
      ),
    );
  }
}

/** Some servers promise lists that they do not know: they have none. */
function judged(branch: Branch, answer: Message): Outcome {
  if (!answer.isError) return { branch, kind: "answered", answer };
  const isUnknown = answer.answerMember("error", "code") === METHOD_NOT_FOUND;
  return isUnknown ? { branch, kind: "none" } : { branch, kind: "failed", error: answer };
}

/** Why a server had no part in an answer, in words for a person; nothing where nothing is wrong. */
export function causeOf(outcome: Outcome): string | undefined {
  if (outcome.kind === "late") return `no answer within ${FAN_OUT_MS / 1000} s`;
  return outcome.kind === "failed" ? saidIn(outcome.error) : undefined;
}

/** The error where no server could be asked: it names each of them with its cause. */
export function nobodyAnswered(causes: readonly { slug: string; cause: string }[]): BridgeError {
  const each = causes.map(({ slug, cause }) => `${slug}: ${cause}`).join("; ");
  return new BridgeError("no_answer", `none of the servers answers: ${each}`, {
    hint: "try again in a moment",
  });
}

/** What an error says: quoted, but for our own words. */
export function saidIn(error: Message): string {
  const own = errorBehind(error);
  if (own === undefined) return quoted(decodedString(error.answerMember("error", "message")) ?? "an error");
  return harmless(own.hint === undefined ? own.message : `${own.message}; ${own.hint}`, LONGEST_WORDS);
}

/** How much of our own words is shown, in characters: a server may be quoted in them. */
const LONGEST_WORDS = 1_000;
