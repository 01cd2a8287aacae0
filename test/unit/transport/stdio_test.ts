import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { MalformedMessage } from "../../../src/transport/malformed_message.ts";
import type { Message } from "../../../src/transport/message.ts";
import { StdioEnd } from "../../../src/transport/stdio.ts";
import { runs } from "../../harness/counts.ts";
import { settle } from "../../harness/fake_clock.ts";

const encoder = new TextEncoder();

/** A stdio end whose input the test writes as it goes. */
class Rig {
  readonly messages: Message[] = [];
  readonly faults: MalformedMessage[] = [];
  readonly oversize: (string | undefined)[] = [];
  readonly written: string[] = [];
  ends = 0;
  /** What a message makes the reading wait for. */
  wait: Promise<void> | undefined;
  /** How many chunks were read. */
  chunks = 0;
  gone = false;
  readonly end: StdioEnd;
  readonly reading: Promise<void>;

  constructor(input: AsyncIterable<Uint8Array>, limit = 1_000) {
    this.end = new StdioEnd({
      input: this.#counted(input),
      output: {
        write: (bytes) => {
          if (this.gone) throw new Error("EPIPE");
          this.written.push(new TextDecoder().decode(bytes));
          return bytes.length;
        },
        flush: () => 0,
      },
      limit,
      events: {
        onmessage: (message) => {
          this.messages.push(message);
          return this.wait;
        },
        onmalformed: (fault) => this.faults.push(fault),
        onoversize: (id) => this.oversize.push(id),
        onend: () => this.ends++,
      },
    });
    this.reading = this.end.read();
  }

  get ids(): (string | undefined)[] {
    return this.messages.map(({ id }) => id);
  }

  async *#counted(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) {
      this.chunks++;
      yield chunk;
    }
  }
}

async function* chunksOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
}

function ping(id: number | string): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
}

describe("StdioEnd", () => {
  test("reads a message from each line, the last one without an end too, and then says that it is over", async () => {
    const rig = new Rig(chunksOf(`${ping(1)}\n${ping(2)}\r\n\n  \r\n${ping(3)}`));
    await rig.reading;
    expect([rig.ids, rig.ends]).toEqual([["1", "2", "3"], 1]);
  });

  test("reads the same messages wherever the input is cut", () => {
    const bytes = encoder.encode(`${ping("\u4e16\ud83d\ude00")}\n${ping(2)}\r\n[${ping(3)}, ${ping(4)}]\n`);
    return fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), bytes.length];
        const rig = new Rig(chunksOf(...cuts.slice(1).map((to, index) => bytes.slice(cuts[index], to))));
        await rig.reading;
        expect(rig.ids).toEqual(['"\u4e16\ud83d\ude00"', "2", "3", "4"]);
      }),
      { numRuns: runs(300, 20_000) },
    );
  });

  test("tells of a line that is no message, and reads on", async () => {
    const rig = new Rig(chunksOf(`oops\n{"jsonrpc":"2.0","id":7}\n[1, ${ping(1)}]\n${ping(2)}\n`));
    await rig.reading;
    expect(rig.faults.map(({ isJson, id }) => [isJson, id])).toEqual([[false, undefined], [true, "7"], [
      true,
      undefined,
    ]]);
    expect(rig.ids).toEqual(["1", "2"]);
  });

  test("tells of a line beyond the limit, with its id where that can be read, and reads on", async () => {
    const long = JSON.stringify({ jsonrpc: "2.0", id: 9, method: "x", params: { pad: "x".repeat(100) } });
    const rig = new Rig(chunksOf(`${long}\n${"y".repeat(200)}\n${ping(1)}\n`), 60);
    await rig.reading;
    expect([rig.oversize, rig.ids]).toEqual([["9", undefined], ["1"]]);
  });

  test("reads no further while a message asks to wait", async () => {
    const gate = Promise.withResolvers<void>();
    const rig = new Rig(chunksOf(`${ping(1)}\n`, `${ping(2)}\n`, `${ping(3)}\n`));
    rig.wait = gate.promise;
    await settle();
    expect([rig.ids, rig.chunks]).toEqual([["1"], 1]);
    rig.wait = undefined;
    gate.resolve();
    await rig.reading;
    expect(rig.ids).toEqual(["1", "2", "3"]);
  });

  test("takes an input that fails for one that has ended", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(`${ping(1)}\n`);
      throw new Error("EIO");
    }
    const rig = new Rig(failing());
    await rig.reading;
    expect([rig.ids, rig.ends]).toEqual([["1"], 1]);
  });

  test("writes a message as it was received, on a line of its own", async () => {
    const rig = new Rig(chunksOf(`{ "jsonrpc":"2.0",  "id":1.0,"method":"x" }\n`));
    await rig.reading;
    rig.end.send(rig.messages[0]!);
    await rig.end.close(1_000);
    expect(rig.written.join("")).toBe('{ "jsonrpc":"2.0",  "id":1.0,"method":"x" }\n');
  });

  test("says once that it is over when the reader is gone, whatever the input does", async () => {
    const gate = Promise.withResolvers<void>();
    async function* held(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(`${ping(1)}\n`);
      await gate.promise;
      yield* chunksOf(`${ping(2)}\n`);
    }
    const rig = new Rig(held());
    await settle();
    rig.gone = true;
    rig.end.send(rig.messages[0]!);
    await settle();
    expect(rig.ends).toBe(1);
    gate.resolve();
    await rig.reading;
    expect([rig.ends, rig.ids]).toEqual([1, ["1"]]);
  });

  test("says nothing and reads nothing once it is closed", async () => {
    const gate = Promise.withResolvers<void>();
    async function* held(): AsyncGenerator<Uint8Array> {
      await gate.promise;
      yield* chunksOf(`${ping(1)}\n`);
    }
    const rig = new Rig(held());
    await rig.end.close(1_000);
    gate.resolve();
    await rig.reading;
    expect([rig.ends, rig.ids]).toEqual([0, []]);
  });
});
