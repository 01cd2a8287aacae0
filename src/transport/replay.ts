import type { Message } from "./message.ts";

/** What is kept of a session's streams, in bytes; what is older goes. */
const MOST_KEPT = 262_144;
/** For how many beats an event is kept though its client was there when it was written. */
const BEATS = 2;
/** The same for a large one that it has missed: who comes back for it does so soon, and many would be much memory. */
const LARGE_BEATS = 6;

/** An event as it was written. */
export interface KeptEvent {
  readonly id: string;
  readonly message: Message;
}

interface Kept extends KeptEvent {
  readonly stream: number;
  readonly place: number;
  beats: number;
  /** Whether the client went away from the stream before it can have read this for certain. */
  isMissed: boolean;
}

/** A place in a stream. */
export interface StreamPlace {
  readonly stream: number;
  readonly place: number;
}

/**
 * What was said lately on the streams of a session, so that a client whose connection broke is told again from where it
 * was (basic/transports, revision 2025-11-25, "Resumability and Redelivery").
 */
export class Replay {
  #kept: Kept[] = [];
  #bytes = 0;
  #count = 0;

  /** The id of an event that stands before all that are still to come on a stream. */
  opening(stream: number): string {
    return `${stream}-${this.#count}`;
  }

  /** Keeps what is said on a stream, to a client that is there or has gone, and gives the id of its event. */
  keep(stream: number, message: Message, isHeard: boolean): string {
    const place = ++this.#count;
    const id = `${stream}-${place}`;
    this.#kept.push({ id, message, stream, place, beats: 0, isMissed: !isHeard });
    this.#bytes += message.bytes.length;
    // What nobody has read yet is kept, whatever its size.
    while (this.#bytes > MOST_KEPT && (isHeard || this.#kept.length > 1)) {
      this.#bytes -= this.#kept.shift()!.message.bytes.length;
    }
    return id;
  }

  /** The client has gone away from a stream. */
  lost(stream: number): void {
    for (const kept of this.#kept) if (kept.stream === stream) kept.isMissed = true;
  }

  /** What was said on a stream behind a place in it. */
  after({ stream, place }: StreamPlace): readonly KeptEvent[] {
    const found = this.#kept.filter((kept) => kept.stream === stream && kept.place > place);
    for (const kept of found) [kept.beats, kept.isMissed] = [0, false];
    return found;
  }

  /** Time passes: what a client that is there must have read by now is let go, and what is large and nobody comes for. */
  beat(): void {
    this.#kept = this.#kept.filter((kept) => {
      if (!kept.isMissed) return ++kept.beats <= BEATS;
      return kept.message.bytes.length <= MOST_KEPT || ++kept.beats <= LARGE_BEATS;
    });
    this.#bytes = this.#kept.reduce((sum, { message }) => sum + message.bytes.length, 0);
  }
}

/** The place that the id of an event names; nothing where no id of ours is like that. */
export function placeOf(id: string): StreamPlace | undefined {
  const parts = /^(\d{1,15})-(\d{1,15})$/.exec(id);
  return parts === null ? undefined : { stream: Number(parts[1]), place: Number(parts[2]) };
}
