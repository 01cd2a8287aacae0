/** How much more room is taken than is needed, and where that is much: pages that are not used cost nothing there. */
const ROOM_GROWTH = 2;
const MUCH = 1_048_576;
const MUCH_GROWTH = 8;
/** After so many bytes the pieces that nobody needs are collected: the runtime would let them double the memory. */
const COLLECT_AFTER = 8_388_608;
/** What a piece leaves behind beside its bytes. */
const PIECE_BYTES = 256;

/**
 * Bytes that come in pieces, held in one place: that costs little more than the bytes themselves, however small and many
 * the pieces are and whatever buffers they lie in.
 */
export class Pieces {
  readonly #limit: number;
  /** A single piece stays where it is. */
  #only: Uint8Array | undefined;
  #room: Uint8Array | undefined;
  #length = 0;
  /** What all of them have left behind since the last collection. */
  static #uncollected = 0;

  /** `limit` is how many bytes are expected at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a piece; the bytes of the first must stay as they are. */
  push(piece: Uint8Array): void {
    const before = this.#length;
    const length = before + piece.length;
    if (before === 0) this.#only = piece;
    else {
      if (this.#room === undefined || length > this.#room.length) this.#widen(length);
      this.#room!.set(piece, before);
    }
    this.#length = length;
    if (before > 0) Pieces.dropped(piece);
  }

  /** Nobody needs a piece any more: it was copied, or is not kept. */
  static dropped(piece: Uint8Array): void {
    Pieces.#uncollected += piece.length + PIECE_BYTES;
    if (Pieces.#uncollected < COLLECT_AFTER) return;
    Pieces.#uncollected = 0;
    Bun.gc(true);
  }

  /** The first bytes, up to `most`, apart from the others. */
  head(most: number): Uint8Array {
    return this.#all().slice(0, most);
  }

  /** The last bytes, up to `most`, apart from the others. */
  tail(most: number): Uint8Array {
    return this.#all().slice(Math.max(0, this.#length - most));
  }

  /** All of them, and none is left here. */
  take(): Uint8Array {
    const all = this.#all();
    this.clear();
    return all;
  }

  /** Drops them. */
  clear(): void {
    this.#only = this.#room = undefined;
    this.#length = 0;
  }

  #all(): Uint8Array {
    return this.#room?.subarray(0, this.#length) ?? this.#only ?? new Uint8Array();
  }

  #widen(needed: number): void {
    const wished = needed * (needed < MUCH ? ROOM_GROWTH : MUCH_GROWTH);
    const room = new Uint8Array(Math.max(needed, Math.min(this.#limit, wished)));
    room.set(this.#all());
    this.#only = undefined;
    this.#room = room;
  }
}
