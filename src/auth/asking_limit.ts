import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";

/** How often a person is asked for the same server within `ASKED_MS`. */
const MOST_SIGN_INS = 3;
const ASKED_MS = 10 * 60_000;

/** Counts the pages: nobody wants one for every request, whatever the server thinks of the tokens that they bring. */
export class AskingLimit {
  readonly #clock: Clock;
  readonly #server: string;
  /** When a person was asked, in ms. */
  #asked: number[] = [];

  constructor(clock: Clock, server: string) {
    this.#clock = clock;
    this.#server = server;
  }

  /**
   * Counts one more.
   *
   * @throws {BridgeError} `sign_in_required` where there were too many of late
   */
  count(): void {
    const now = this.#clock.now();
    this.#asked = this.#asked.filter((at) => now - at < ASKED_MS);
    if (this.#asked.length >= MOST_SIGN_INS) throw tooMany(this.#server);
    this.#asked.push(now);
  }
}

function tooMany(server: string): BridgeError {
  return new BridgeError("sign_in_required", "the server asked for a sign-in too often", {
    hint: `run "mcp-bridge login ${server}"`,
  });
}
