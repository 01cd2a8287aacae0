import { expect, test } from "bun:test";
import { isSignatureRight, withSignature } from "../../../scripts/release/macos_signature.ts";

const CODE_BYTES = 10_000;

/** A program for macOS that has no more than a signature wants: two segments, and a place for the signature at its end. */
function program(): Buffer {
  const bytes = Buffer.alloc(CODE_BYTES + 64, 7);
  const words = (place: number, ...values: number[]): void => {
    values.forEach((value, index) => bytes.writeUInt32LE(value, place + index * 4));
  };
  words(0, 0xfeedfacf, 0x01000007, 3, 2, 3, 72 + 72 + 16, 0, 0);
  for (const [place, name, from, size] of [[32, "__TEXT", 0, 8_192], [104, "__LINKEDIT", 8_192, 1_872]] as const) {
    bytes.fill(0, place, place + 72);
    words(place, 0x19, 72);
    bytes.write(name, place + 8);
    words(place + 32, 4_096, 0, from, 0, size, 0);
  }
  words(176, 0x1d, 16, CODE_BYTES, 64);
  return bytes;
}

test("a signature is right for what was signed, up to the last byte, and for nothing else", () => {
  const signed = withSignature(program(), "io.example");
  expect(isSignatureRight(signed)).toBe(true);
  for (const place of [0, 300, 4_096, CODE_BYTES - 1]) {
    const changed = Buffer.from(signed);
    changed[place]! ^= 0x40;
    let isRight = false;
    try {
      isRight = isSignatureRight(changed);
    } catch {
      // The head of the program is what was changed.
    }
    expect(isRight).toBe(false);
  }
});

test("a program whose code has grown since it was signed is signed wrongly, and rightly after", () => {
  const grown = Buffer.concat([withSignature(program(), "io.example"), Buffer.alloc(16)]);
  // The new part stands before the signature, which still reaches to where it was.
  const at = grown.readUInt32LE(176 + 8);
  const moved = Buffer.concat([grown.subarray(0, at), Buffer.alloc(16, 1), grown.subarray(at)]);
  moved.writeUInt32LE(at + 16, 176 + 8);
  expect(isSignatureRight(moved)).toBe(false);
  expect(isSignatureRight(withSignature(moved, "io.example"))).toBe(true);
});

test("the head says how long the signature is, and its segment holds it", () => {
  const signed = withSignature(program(), "io.example");
  const [from, length] = [signed.readUInt32LE(176 + 8), signed.readUInt32LE(176 + 12)];
  expect(from + length).toBe(signed.length);
  const [memory, start, size] = [32, 40, 48].map((at) => Number(signed.readBigUInt64LE(104 + at))) as [
    number,
    number,
    number,
  ];
  expect(start + size).toBe(signed.length);
  expect(memory % 4_096).toBe(0);
  expect(memory).toBeGreaterThanOrEqual(size);
  expect(signed.includes("io.example\0")).toBe(true);
});

test("the same program has the same signature, also where it had one before", () => {
  const signed = withSignature(program(), "io.example");
  expect(withSignature(program(), "io.example").equals(signed)).toBe(true);
  expect(withSignature(withSignature(program(), "io.another.name"), "io.example").equals(signed)).toBe(true);
});

test("a program without a place for a signature is refused", () => {
  const bare = program();
  bare.writeUInt32LE(2, 16);
  expect(() => withSignature(bare, "io.example")).toThrow("no place for a signature");
});
