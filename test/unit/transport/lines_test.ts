import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LineSplitter } from "../../../src/transport/lines.ts";
import { runs } from "../../harness/counts.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Found {
  lines: string[];
  oversize: [head: string, tail: string][];
}

function split(chunks: Uint8Array[], limit = 1_000_000): Found {
  const found: Found = { lines: [], oversize: [] };
  const splitter = new LineSplitter(limit, {
    line: (bytes) => found.lines.push(decoder.decode(bytes)),
    oversize: ({ head, tail }) => found.oversize.push([decoder.decode(head), decoder.decode(tail)]),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return found;
}

/** Cuts bytes at the given places. */
function cut(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.slice(from, [...sorted, bytes.length][index]));
}

describe("LineSplitter", () => {
  test("finds the same lines wherever the stream is cut, inside a character and between CR and LF too", () => {
    const line = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replace(/[\r\n]/g, ""));
    fc.assert(
      fc.property(
        fc.array(line),
        fc.constantFrom("\n", "\r\n"),
        fc.array(fc.nat(), { maxLength: 12 }),
        (lines, end, places) => {
          const bytes = encoder.encode(lines.map((text) => text + end).join(""));
          expect(split(cut(bytes, places)).lines).toEqual(lines);
        },
      ),
      { numRuns: runs(1_000, 100_000) },
    );
  });

  test("finds the same lines when every byte comes alone", () => {
    const lines = ['{"text":"häß – 😀"}', "", '{"b":2}'];
    const bytes = encoder.encode(lines.join("\r\n") + "\r\n");
    expect(split([...bytes].map((byte) => new Uint8Array([byte]))).lines).toEqual(lines);
  });

  test("counts what follows the last line end as a line", () => {
    expect(split([encoder.encode("a\nb")]).lines).toEqual(["a", "b"]);
  });

  test.each([1, 7, 100])(
    "drops a line beyond the limit, keeps its ends, and goes on (chunks of %d bytes)",
    (size) => {
      const text = `first\n{"id":1,${"x".repeat(200)},"z":2}\nlast\n`;
      const bytes = encoder.encode(text);
      const chunks = Array.from(
        { length: Math.ceil(bytes.length / size) },
        (_, at) => bytes.slice(at * size, (at + 1) * size),
      );
      const found = split(chunks, 50);
      expect(found.lines).toEqual(["first", "last"]);
      expect(found.oversize).toHaveLength(1);
      expect(found.oversize[0]![0]).toStartWith('{"id":1,');
      expect(found.oversize[0]![1]).toEndWith('"z":2}');
    },
  );

  test("takes a line of exactly the limit, and none of one byte more", () => {
    expect(split([encoder.encode(`${"x".repeat(50)}\n`)], 50).lines).toHaveLength(1);
    expect(split([encoder.encode(`${"x".repeat(50)}\r\n`)], 50).lines).toHaveLength(1);
    expect(split([encoder.encode(`${"x".repeat(51)}\n`)], 50).oversize).toHaveLength(1);
    expect(split([encoder.encode("x".repeat(51)), encoder.encode("\n")], 50).oversize).toHaveLength(1);
    expect(split([encoder.encode("x".repeat(50)), encoder.encode("\r"), encoder.encode("\n")], 50).lines).toHaveLength(
      1,
    );
  });
});
