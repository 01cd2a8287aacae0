import { decodedString, type Message } from "../../transport/message.ts";

/**
 * How long an answer that was put together may be kept, and by whom (2026-07-28, "Caching"): no longer than the part
 * that goes stale first, and by nobody else if any part is private.
 */
export class Freshness {
  #ttl = Infinity;
  #isPublic = true;

  /** Adds the answer of one server. */
  add(answer: Message): void {
    const ttl = Number(answer.answerMember("result", "ttlMs") ?? "0");
    this.#ttl = Math.min(this.#ttl, ttl > 0 ? ttl : 0);
    this.#isPublic &&= decodedString(answer.answerMember("result", "cacheScope")) === "public";
  }

  /** A server is missing, which may be there the next moment. */
  addNothing(): void {
    this.#ttl = 0;
  }

  /** The members of a result, as raw text. */
  members(): string {
    const ttl = Number.isFinite(this.#ttl) ? this.#ttl : 0;
    return `"ttlMs":${ttl},"cacheScope":"${this.#isPublic ? "public" : "private"}"`;
  }
}
