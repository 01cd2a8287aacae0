import { describe, expect, test } from "bun:test";
import { type ByteSink, Outbox } from "../../../src/transport/outbox.ts";
import { settle } from "../../harness/fake_clock.ts";

const BATCH_BYTES = 65_536;

/** A reader in the test's hands: it takes what is written, and while it is `slow` it says when it will have done so. */
class Reader implements ByteSink {
  readonly writes: string[] = [];
  slow = false;
  /** What the next write or flush throws, or rejects with where the reader is slow. */
  gone: Error | undefined;
  #drains: PromiseWithResolvers<number>[] = [];

  write(bytes: Uint8Array): number | Promise<number> {
    if (this.gone !== undefined && !this.slow) throw this.gone;
    this.writes.push(new TextDecoder().decode(bytes));
    return bytes.length;
  }

  flush(): number | Promise<number> {
    if (!this.slow) return 0;
    const drain = Promise.withResolvers<number>();
    this.#drains.push(drain);
    return drain.promise;
  }

  drain(): void {
    for (const { resolve, reject } of this.#drains.splice(0)) this.gone === undefined ? resolve(0) : reject(this.gone);
  }

  get text(): string {
    return this.writes.join("");
  }
}

function rig(): { reader: Reader; outbox: Outbox; broken: unknown[]; write(text: string): Promise<void> | undefined } {
  const reader = new Reader();
  const broken: unknown[] = [];
  const outbox = new Outbox(reader, (cause) => broken.push(cause));
  return { reader, outbox, broken, write: (text) => outbox.write(new TextEncoder().encode(text)) };
}

describe("Outbox", () => {
  test("writes the lines of one turn together, each with its end", async () => {
    const { reader, write } = rig();
    for (const line of ["a", "", "\u4e16"]) expect(write(line)).toBeUndefined();
    expect(reader.writes).toEqual([]);
    await settle();
    expect(reader.writes).toEqual(["a\n\n\u4e16\n"]);
    write("b");
    await settle();
    expect(reader.writes).toEqual(["a\n\n\u4e16\n", "b\n"]);
  });

  test("writes a burst in pieces that grow, while the burst goes on", async () => {
    const { reader, write } = rig();
    const line = "x".repeat(999);
    for (let count = 0; count < 20; count++) write(line);
    expect(reader.writes.map(({ length }) => length)).toEqual([3_000, 5_000, 9_000]);
    await settle();
    expect(reader.text).toBe(`${line}\n`.repeat(20));
    for (let count = 0; count < 3; count++) write(line);
    expect(reader.writes.at(-1)).toHaveLength(3_000);
  });

  test("keeps a burst together for a reader that is behind", async () => {
    const { reader, write } = rig();
    reader.slow = true;
    write("a");
    await settle();
    const behind = reader.writes.length;
    for (let count = 0; count < 20; count++) write("x".repeat(999));
    expect(reader.writes).toHaveLength(behind);
  });

  test.each([
    BATCH_BYTES - 2,
    BATCH_BYTES - 1,
    BATCH_BYTES,
    BATCH_BYTES + 1,
    3 * BATCH_BYTES,
  ])("keeps the order and every byte around a line of %d bytes", async (size) => {
    const { reader, outbox, write } = rig();
    const lines = ["first", "x".repeat(size), "between", "y".repeat(size), "z".repeat(size), "last"];
    for (const line of lines) write(line);
    await outbox.drained();
    expect(reader.text).toBe(lines.map((line) => `${line}\n`).join(""));
  });

  test("takes a line's bytes at once, so that the caller may use them anew", async () => {
    const { reader, outbox } = rig();
    const bytes = new TextEncoder().encode("line");
    outbox.write(bytes);
    bytes.fill(0);
    await settle();
    expect(reader.text).toBe("line\n");
  });

  test("says that the reader is behind, and when it has caught up", async () => {
    const { reader, outbox, write } = rig();
    reader.slow = true;
    write("a");
    await settle();
    const behind = write("b");
    expect(behind).toBeInstanceOf(Promise);
    let caughtUp = false;
    const drained = outbox.drained().then(() => caughtUp = true);
    await settle();
    expect(caughtUp).toBe(false);
    reader.slow = false;
    reader.drain();
    await Promise.all([behind, drained]);
    expect(reader.text).toBe("a\nb\n");
    expect(write("c")).toBeUndefined();
  });

  test("drained settles at once where nothing was written", async () => {
    await rig().outbox.drained();
  });

  test("tells once that the reader is gone, and drops what comes after", async () => {
    const { reader, outbox, broken, write } = rig();
    reader.gone = new Error("EPIPE");
    write("a");
    await settle();
    expect(broken).toEqual([reader.gone]);
    expect(write("b")).toBeUndefined();
    write("x".repeat(2 * BATCH_BYTES));
    await settle();
    await outbox.drained();
    expect(broken).toHaveLength(1);
    expect(reader.writes).toEqual([]);
  });

  test("tells once that a slow reader is gone, and keeps nobody waiting", async () => {
    const { reader, outbox, broken, write } = rig();
    reader.slow = true;
    write("a");
    await settle();
    const behind = write("b");
    const drained = outbox.drained();
    reader.gone = new Error("EPIPE");
    reader.drain();
    await Promise.all([behind, drained]);
    expect(broken).toEqual([reader.gone]);
  });
});

describe("a large line", () => {
  const BIG = "b".repeat(1_000_000);

  test("is handed over in pieces, each when the last was taken, and what is behind it stays behind", async () => {
    const { reader, outbox, write } = rig();
    const taken: PromiseWithResolvers<number>[] = [];
    const ordinary = reader.write.bind(reader);
    reader.write = (bytes) => {
      void ordinary(bytes);
      taken.push(Promise.withResolvers<number>());
      return taken.at(-1)!.promise;
    };
    write("a");
    expect(write(BIG)).toBeInstanceOf(Promise);
    write("c");
    for (let pieces = 1; pieces <= 5; pieces++) {
      await settle();
      expect(taken).toHaveLength(pieces + 1);
      taken.at(-1)!.resolve(0);
    }
    await outbox.drained();
    expect(reader.text).toBe(`a\n${BIG}\nc\n`);
  });
});
