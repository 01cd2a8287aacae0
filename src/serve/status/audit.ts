import { type Clock, pause, type Timer } from "../../platform/clock.ts";
import type { Notify } from "../../platform/notice.ts";
import type { CallRecord } from "../watched.ts";

/** Where lines of the audit go: behind what is there. */
export interface AuditFile {
  /**
   * Writes some of the bytes; how many it took.
   *
   * @throws the system's own error
   */
  write(bytes: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** What the audit needs. */
export interface AuditOptions {
  readonly file: AuditFile;
  readonly clock: Clock;
  readonly notify: Notify;
}

/** How long a line may wait, in ms. */
const FLUSH_MS = 1_000;
/** Of lines that cannot be written no more are kept, in characters. */
const MOST_WAITING = 4 * 1_048_576;
const WARN_MS = 60_000;
const LONGEST_WORD = 200;
const SHOWN_OF_SESSION = 8;

/**
 * Who asked which server for what, when, and how it ended: a line of JSON for each call, without what was in it. A disk
 * that takes no more costs lines and a warning, never a call.
 */
export class Audit {
  readonly #options: AuditOptions;
  #lines: string[] = [];
  #waiting = 0;
  #lost = 0;
  #warnedAt = -Infinity;
  /** Whether the last line in the file is only a part of one. */
  #isTorn = false;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /** A call has ended. */
  record(call: CallRecord): void {
    const line = lineOf(call);
    if (this.#waiting + line.length > MOST_WAITING) return this.#lose(1, "too many lines wait for the disk");
    this.#lines.push(line);
    this.#waiting += line.length;
    this.#timer ??= this.#options.clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Writes what waits. Never fails. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
    if (this.#lines.length === 0) return;
    const lines = this.#lines.splice(0);
    this.#waiting = 0;
    this.#writing = this.#write(lines);
    await this.#writing;
  }

  /** Writes what waits, for so many ms at most, and ends. */
  async close(patience: number): Promise<void> {
    await Promise.race([this.flush(), pause(this.#options.clock, patience)]);
    this.#timer?.cancel();
    await this.#options.file.close().catch(() => {});
  }

  async #write(lines: readonly string[]): Promise<void> {
    const mended = this.#isTorn ? "\n" : "";
    const bytes = new TextEncoder().encode(`${mended}${lines.join("")}`);
    let written = 0;
    try {
      while (written < bytes.length) {
        const taken = await this.#options.file.write(bytes.subarray(written));
        if (taken <= 0) throw new Error("nothing was written");
        written += taken;
      }
      this.#isTorn = false;
    } catch (thrown) {
      if (written > 0) this.#isTorn = bytes[written - 1] !== 0x0a;
      const whole = bytes.subarray(mended.length, written).reduce((sum, byte) => byte === 0x0a ? sum + 1 : sum, 0);
      const { code, message } = thrown as NodeJS.ErrnoException;
      this.#lose(lines.length - whole, code ?? message);
    }
  }

  #lose(count: number, why: string): void {
    this.#lost += count;
    const { clock, notify } = this.#options;
    if (clock.now() - this.#warnedAt < WARN_MS) return;
    this.#warnedAt = clock.now();
    const lines = this.#lost === 1 ? "1 line" : `${this.#lost} lines`;
    notify({ level: "warn", text: `the audit file could not be written (${why}): ${lines} lost` });
    this.#lost = 0;
  }
}

function lineOf(call: CallRecord): string {
  const { at, client, session, server, account, method, name, ms, outcome, code, failure, request } = call;
  return `${
    JSON.stringify({
      time: new Date(at).toISOString(),
      request,
      client: client?.slice(0, LONGEST_WORD),
      session: session?.slice(0, SHOWN_OF_SESSION),
      server,
      account,
      method: method.slice(0, LONGEST_WORD),
      name: name?.slice(0, LONGEST_WORD),
      ms: Math.round(ms * 10) / 10,
      outcome,
      code: code === undefined ? undefined : Number(code),
      failure: failure?.code,
    })
  }\n`;
}
