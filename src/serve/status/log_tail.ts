import type { Clock } from "../../platform/clock.ts";
import type { Notice } from "../../platform/notice.ts";
import { redacted } from "../../platform/redact.ts";
import { STREAM_HEADERS } from "../../transport/event_sink.ts";

/** A notice as the log shows it. */
export interface LogLine {
  /** In ms since 1970. */
  readonly at: number;
  readonly level: Notice["level"];
  readonly text: string;
  readonly request?: string;
}

const MOST_LINES = 200;
const LONGEST_LINE = 1_000;
const MOST_READERS = 8;
const BEAT_MS = 15_000;
/** What may wait for a reader, in bytes; one that is further behind is left out, and reads anew. */
const HIGH_WATER = 262_144;

const encoder = new TextEncoder();

/** The last notices, for people who look on: without what looks like a credential, and without what is for a support case. */
export class LogTail {
  readonly #clock: Clock;
  readonly #lines: LogLine[] = [];
  readonly #readers = new Set<ReadableStreamDefaultController<Uint8Array>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The lines that are kept, the oldest first. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** Keeps a notice. */
  add({ level, text, request }: Notice): void {
    if (level === "debug") return;
    const shown = redacted(text).slice(0, LONGEST_LINE);
    const line = { at: this.#clock.now(), level, text: shown, ...(request === undefined ? {} : { request }) };
    this.#lines.push(line);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
    for (const reader of this.#readers) this.#write(reader, eventOf(line));
  }

  /** An event stream of what is kept, and of what comes; nothing where too many read already. */
  read(): Response | undefined {
    if (this.#readers.size >= MOST_READERS) return undefined;
    let reader: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        reader = controller;
        controller.enqueue(encoder.encode(`:\n\n${this.#lines.map(eventOf).join("")}`));
        this.#readers.add(controller);
        this.#beatLater(controller);
      },
      cancel: () => void this.#readers.delete(reader),
    }, { highWaterMark: HIGH_WATER, size: (chunk) => chunk?.byteLength ?? 0 });
    return new Response(body, { headers: { ...STREAM_HEADERS, "x-content-type-options": "nosniff" } });
  }

  /** Ends all streams. */
  close(): void {
    for (const reader of this.#readers) reader.close();
    this.#readers.clear();
  }

  #beatLater(reader: ReadableStreamDefaultController<Uint8Array>): void {
    this.#clock.after(BEAT_MS, () => {
      if (!this.#readers.has(reader)) return;
      this.#write(reader, ":\n\n");
      this.#beatLater(reader);
    });
  }

  #write(reader: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    if ((reader.desiredSize ?? 0) > 0) return reader.enqueue(encoder.encode(text));
    this.#readers.delete(reader);
    reader.error(new Error("the reader is too far behind"));
  }
}

/** JSON has no line breaks of its own, so that a line is an event (HTML, "Server-sent events"). */
function eventOf(line: LogLine): string {
  return `data: ${JSON.stringify(line)}\n\n`;
}
