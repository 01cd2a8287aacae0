/** Who wants to be carried by `serve`, and to which server: the first line on a connection to it. */
export interface Hello {
  /** Of the program. */
  readonly version: string;
  /** The slug of the server. */
  readonly name: string;
  readonly account: string;
  /** What the server's settings are, so that both sides mean the same by its name. */
  readonly settings: string;
  /** What the process's environment wants of the way there, by kind, such as its proxies: nothing where all is the same. */
  readonly way: Readonly<Record<string, string>>;
}

/** What `serve` answers: nothing but that it agrees, or why it does not, with its own version. */
export type Welcome =
  | { readonly isWelcome: true }
  | { readonly isWelcome: false; readonly reason: string; readonly version?: string };

/**
 * What `serve` says when it is about to end the connection, as a line between messages: what it was asked is still
 * answered, and nothing else should come.
 */
export const LEAVING = "leaving";

/** The longest line before the first message, in bytes. */
const LONGEST = 4_096;
const LINE_FEED = 0x0a;

/** A line of the exchange before the first message. */
export function sayLine(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}

/** Reads a hello; nothing where it is none. */
export function readHello(value: Record<string, unknown> | undefined): Hello | undefined {
  // A process of another version may not know of it, and is to be told of that.
  const { version, name, account, settings, way = {} } = value ?? {};
  if (typeof way !== "object" || way === null) return undefined;
  const isWhole = [version, name, account, settings, ...Object.values(way)].every((each) => typeof each === "string");
  return isWhole ? { version, name, account, settings, way } as Hello : undefined;
}

/** Reads the answer to a hello; nothing where it is none. */
export function readWelcome(value: Record<string, unknown> | undefined): Welcome | undefined {
  if (value?.["ok"] === true) return { isWelcome: true };
  const { refused: reason, version } = value ?? {};
  if (typeof reason !== "string") return undefined;
  return { isWelcome: false, reason, ...(typeof version === "string" ? { version } : {}) };
}

/** An answer as it is said. */
export function sayWelcome(welcome: Welcome): Uint8Array {
  return sayLine(welcome.isWelcome ? { ok: true } : { refused: welcome.reason, version: welcome.version });
}

/** A stream of bytes that begins with a few lines of JSON, and goes on as something else. */
export class Preface {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** The next line as an object; nothing where there is none, or it is too long. */
  async next(): Promise<Record<string, unknown> | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      if (end > LONGEST || (end < 0 && this.#rest.length > LONGEST)) return undefined;
      if (end >= 0) {
        const line = this.#rest.subarray(0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return parse(line);
      }
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
    }
  }

  /** What follows the lines that were read. */
  async *rest(): AsyncGenerator<Uint8Array> {
    if (this.#rest.length > 0) yield this.#rest;
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return;
      yield value;
    }
  }
}

function parse(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(line));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {};
  } catch {
    return undefined;
  }
}
