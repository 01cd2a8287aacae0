import { BridgeError } from "../platform/errors.ts";

/** What an HTTP answer says before its body. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Headers;
}

/** What the next bytes are part of. */
type Part = "status" | "header" | "chunk size" | "chunk" | "chunk end" | "rest" | "nothing";

/** The longest head, and the longest line before a chunk, in bytes. */
const MOST_HEAD = 65_536;
const MOST_CHUNK_LINE = 4_096;
const LINE_FEED = 0x0a;
const SWITCHING_PROTOCOLS = 101;

/**
 * Reads one answer of HTTP/1.x from the bytes of its connection (RFC 9112, sections 2 to 7), behind those that only
 * announce it (RFC 9110, 15.2). Nothing is read behind it; where another protocol was asked for, what the server says
 * in that is given as the body.
 */
export class AnswerReader {
  readonly #asksForOther: boolean;
  #head: AnswerHead | undefined;
  #part: Part = "status";
  #status = 0;
  #headers: Headers | undefined;
  /** A line that has no end yet. */
  #line = "";
  /** How many bytes the head may still have, and then those that are missing of the body or its chunk. */
  #left = MOST_HEAD;

  /** `asksForOther` where the request wants another protocol on its connection (RFC 9110, 7.8). */
  constructor(asksForOther = false) {
    this.#asksForOther = asksForOther;
  }

  /** Whether all of it was read. */
  get isOver(): boolean {
    return this.#part === "nothing";
  }

  /** The head, once, as soon as it is there; who reads a body that lasts need not hold it. */
  takeHead(): AnswerHead | undefined {
    const head = this.#head;
    this.#head = undefined;
    return head;
  }

  /**
   * Takes the next bytes in, and gives what they hold of the body.
   *
   * @throws {BridgeError} `bad_answer`
   */
  push(bytes: Uint8Array): Uint8Array[] {
    const body: Uint8Array[] = [];
    for (let at = 0; at < bytes.length && this.#part !== "nothing";) {
      if (this.#part !== "chunk" && this.#part !== "rest") at = this.#takeLine(bytes, at);
      else {
        const part = bytes.subarray(at, at + this.#left);
        body.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#part = this.#part === "chunk" ? "chunk end" : "nothing";
      }
    }
    return body;
  }

  /**
   * The connection has ended.
   *
   * @throws {BridgeError} `outcome_unknown` where something is missing.
   */
  end(): void {
    const isWhole = this.#part === "nothing" || (this.#part === "rest" && this.#left === Infinity);
    if (!isWhole) throw new BridgeError("outcome_unknown", "the connection ended early");
    this.#part = "nothing";
  }

  #takeLine(bytes: Uint8Array, from: number): number {
    const feed = bytes.indexOf(LINE_FEED, from);
    const end = feed < 0 ? bytes.length : feed;
    const isHead = this.#part === "status" || this.#part === "header";
    const most = isHead ? this.#left : MOST_CHUNK_LINE;
    if (this.#line.length + end - from > most) throw bad("it has an endless line");
    this.#line += Buffer.from(bytes.subarray(from, end)).toString("latin1");
    if (feed < 0) return end;
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    this.#read(line);
    return feed + 1;
  }

  #read(line: string): void {
    if (this.#part === "chunk size") return this.#readSize(line);
    if (this.#part === "chunk end") {
      if (line !== "") throw bad("its chunk is longer than it says");
      this.#part = "chunk size";
      return;
    }
    this.#left -= line.length;
    if (this.#part === "status") this.#readStatus(line);
    else if (line === "") this.#endHead();
    else this.#readHeader(line);
  }

  #readStatus(line: string): void {
    this.#status = Number(/^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/.exec(line)?.[1]);
    if (Number.isNaN(this.#status)) throw bad("its first line is none of HTTP/1");
    if (this.#status === SWITCHING_PROTOCOLS && !this.#asksForOther) throw bad("it changes the protocol unasked");
    this.#headers = new Headers();
    this.#part = "header";
  }

  #readHeader(line: string): void {
    const [, name = "", value = ""] = /^([\w!#$%&'*+.^`|~-]+):(.*)$/.exec(line) ?? [];
    try {
      this.#headers!.append(name, value);
    } catch {
      throw bad("a line of its head is no header");
    }
  }

  /** How long the body is stands in the head (RFC 9112, 6.3). */
  #endHead(): void {
    const [status, headers] = [this.#status, this.#headers!];
    this.#headers = undefined;
    if (status < 200 && status !== SWITCHING_PROTOCOLS) {
      this.#part = "status";
      return;
    }
    this.#head = { status, headers };
    if (status === SWITCHING_PROTOCOLS) {
      this.#left = Infinity;
      this.#part = "rest";
      return;
    }
    const coding = headers.get("transfer-encoding");
    const length = headers.get("content-length");
    if (coding !== null && coding.toLowerCase() !== "chunked") throw bad('its transfer coding is not "chunked"');
    if (length !== null && !/^\d{1,15}$/.test(length)) throw bad("its length is no number");
    const isEmpty = status === 204 || status === 304 || (coding === null && Number(length ?? 1) === 0);
    this.#left = length === null ? Infinity : Number(length);
    this.#part = isEmpty ? "nothing" : coding === null ? "rest" : "chunk size";
  }

  /** A trailer behind the last chunk is of no use to anybody here. */
  #readSize(line: string): void {
    this.#left = parseInt(/^([\da-f]{1,12})[ \t]*(?:;|$)/i.exec(line)?.[1] ?? "", 16);
    if (Number.isNaN(this.#left)) throw bad("its chunk does not say how long it is");
    this.#part = this.#left === 0 ? "nothing" : "chunk";
  }
}

/** Nothing is quoted: it may be what we have sent, and a credential. */
function bad(why: string): BridgeError {
  return new BridgeError("bad_answer", `the server's answer is no HTTP: ${why}`);
}
