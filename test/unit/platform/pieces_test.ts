import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Pieces } from "../../../src/platform/pieces.ts";
import { runs } from "../../harness/counts.ts";

const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 });

describe("Pieces", () => {
  test("are what was pushed, however it was cut, and their ends too", () => {
    fc.assert(
      fc.property(pieces, fc.nat(50), fc.nat(3_000), (parts, most, limit) => {
        const whole = Buffer.concat(parts);
        const held = new Pieces(limit);
        for (const part of parts) held.push(part);
        expect(held.length).toBe(whole.length);
        expect(Buffer.from(held.head(most))).toEqual(whole.subarray(0, most));
        expect(Buffer.from(held.tail(most))).toEqual(whole.subarray(Math.max(0, whole.length - most)));
        expect(Buffer.from(held.take())).toEqual(whole);
        expect([held.length, held.take().length]).toEqual([0, 0]);
      }),
      { numRuns: runs(1_000, 10_000) },
    );
  });

  test("that were taken are apart from those that come next", () => {
    const held = new Pieces(100);
    for (const text of ["a", "b"]) held.push(Buffer.from(text));
    const first = held.take();
    for (const text of ["c", "d"]) held.push(Buffer.from(text));
    expect([String(Buffer.from(first)), String(Buffer.from(held.take()))]).toEqual(["ab", "cd"]);
  });

  test("in which little lies beside a large buffer do not hold that", () => {
    const held = new Pieces(100);
    for (let n = 0; n < 3; n++) held.push(new Uint8Array(1_000_000).subarray(0, 1));
    expect(held.take().buffer.byteLength).toBeLessThan(1_000);
  });
});
