/** Lines that are typed at a terminal, without one. */
import { expect, test } from "bun:test";
import { LineReader } from "../../../src/platform/terminal_lines.ts";

/** Gives the reader what the test types, piece by piece; nothing more is its end. */
class Keys {
  reads = 0;
  #waiting: ((text: string) => void) | undefined;

  readonly read = async (chunk: Uint8Array): Promise<number> => {
    this.reads++;
    const text = await new Promise<string>((resolve) => this.#waiting = resolve);
    return new TextEncoder().encodeInto(text, chunk).written;
  };

  async type(text: string): Promise<void> {
    await Bun.sleep(0);
    this.#waiting!(text);
    await Bun.sleep(0);
  }
}

test("a line is given once its end is typed, however the keys come", async () => {
  const keys = new Keys();
  const lines = new LineReader(keys.read);
  const first = lines.next();
  await keys.type("hé");
  await keys.type("llo\r\nand mo");
  expect(await first).toBe("héllo");
  const second = lines.next();
  await keys.type("re\n\n");
  expect(await second).toBe("and more");
  expect(await lines.next()).toBe("");
});

test("the end of the input gives nothing", async () => {
  const keys = new Keys();
  const line = new LineReader(keys.read).next();
  await keys.type("half");
  await keys.type("");
  expect(await line).toBeUndefined();
});

test("a question that is taken back leaves its read to the next one", async () => {
  const keys = new Keys();
  const lines = new LineReader(keys.read);
  const abort = new AbortController();
  const first = lines.next(abort.signal);
  await Bun.sleep(0);
  abort.abort();
  expect(await first).toBeUndefined();
  const second = lines.next();
  await keys.type("late\n");
  expect(await second).toBe("late");
  expect(keys.reads).toBe(1);
  expect(await lines.next(AbortSignal.abort())).toBeUndefined();
});
