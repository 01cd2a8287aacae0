import { describe, expect, test } from "bun:test";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { closeFrame, FrameReader, pongFrame, textFrame } from "../../../src/transport/frames.ts";
import { serverFrame } from "../../harness/server_frame.ts";

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10] as const;

/** What a reader that takes 1,000 bytes in a message finds. */
function read(...frames: readonly Uint8Array[]): string[] {
  const found: string[] = [];
  const reader = new FrameReader(1_000, {
    message: (bytes) => found.push(String(Buffer.from(bytes))),
    oversize: ({ head, tail }) => found.push(`lost ${Buffer.from(head)} ${Buffer.from(tail)}`),
    ping: (payload) => found.push(`ping ${Buffer.from(payload)}`),
    close: (code) => found.push(`close ${code}`),
  });
  for (const frame of frames) reader.push(frame);
  return found;
}

function faultOf(...frames: readonly Uint8Array[]): BridgeError {
  try {
    read(...frames);
  } catch (thrown) {
    return thrown as BridgeError;
  }
  throw new Error("It did not fail");
}

/** What a server takes a frame of ours for. */
function unmasked(frame: Uint8Array): { opcode: number; isLast: boolean; payload: string } {
  const bytes = Buffer.from(frame);
  const short = bytes[1]! & 0x7f;
  expect(bytes[1]! & 0x80).toBe(0x80);
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const at = bytes.length - length;
  expect(at - 4).toBe(length >= 65_536 ? 10 : length >= 126 ? 4 : 2);
  const payload = bytes.subarray(at).map((byte, place) => byte ^ bytes[at - 4 + place % 4]!);
  return { opcode: bytes[0]! & 0x0f, isLast: bytes[0]! >= 0x80, payload: String(payload) };
}

describe("what a server says", () => {
  test("is a message in one frame, of text or of bytes, and one in several with others between them", () => {
    expect(read(serverFrame(TEXT, "one"), serverFrame(BINARY, "two"), serverFrame(TEXT, ""))).toEqual([
      "one",
      "two",
      "",
    ]);
    expect(read(
      serverFrame(TEXT, "thr", false),
      serverFrame(PING, "?"),
      serverFrame(CONTINUATION, "", false),
      serverFrame(PONG, "!"),
      serverFrame(CONTINUATION, "ee"),
      serverFrame(TEXT, "four"),
    )).toEqual(["ping ?", "three", "four"]);
  });

  test.each([125, 126, 1_000])("is whole with %d bytes, whatever form its length has", (length) => {
    expect(read(serverFrame(TEXT, "x".repeat(length)))).toEqual(["x".repeat(length)]);
  });

  test("beyond the limit keeps its ends alone, and what follows is read", () => {
    expect(read(serverFrame(TEXT, `a${"x".repeat(999)}z`), serverFrame(TEXT, "next"))).toEqual([
      expect.stringMatching(/^lost ax+z ax+z$/),
      "next",
    ]);
    expect(read(
      serverFrame(TEXT, `a${"x".repeat(600)}`, false),
      serverFrame(CONTINUATION, `${"x".repeat(600)}z`),
      serverFrame(TEXT, "next"),
    )).toEqual([expect.stringMatching(/^lost ax+z ax+z$/), "next"]);
  });

  test("is the end of the connection, with its number, with none, and with words behind it", () => {
    expect(read(serverFrame(CLOSE, new Uint8Array([3, 244])))).toEqual(["close 1012"]);
    expect(read(serverFrame(CLOSE, ""))).toEqual(["close 1005"]);
    expect(read(serverFrame(CLOSE, Buffer.from([3, 232, 0x62, 0x79, 0x65])))).toEqual(["close 1000"]);
  });
});

describe("what cannot be a frame of a server ends the connection:", () => {
  const masked = serverFrame(TEXT, "abcd");
  masked[1]! |= 0x80;
  const compressed = serverFrame(TEXT, "abcd");
  compressed[0]! |= 0x40;
  test.each<[name: string, frames: readonly Uint8Array[]]>([
    ["one that is masked", [masked]],
    ["one that is compressed", [compressed]],
    ["one of an unknown kind with data", [serverFrame(3, "a")]],
    ["one of an unknown kind without", [serverFrame(11, "a")]],
    ["one that goes on with nothing", [serverFrame(CONTINUATION, "a")]],
    ["one that begins a message within another", [serverFrame(TEXT, "a", false), serverFrame(TEXT, "b")]],
    ["a ping that is long", [serverFrame(PING, "a".repeat(126))]],
    ["a ping in parts", [serverFrame(PING, "a", false)]],
  ])("%s", (_name, frames) => {
    expect(faultOf(...frames).code).toBe("bad_answer");
  });

  test.each<[name: string, frames: readonly Uint8Array[]]>([
    ["one whose length nobody waits for", [serverFrame(TEXT, "", true, 70 * 1_048_576).subarray(0, 10)]],
    ["one of the greatest length that there is", [serverFrame(TEXT, "", true, Number.MAX_SAFE_INTEGER)]],
    ["one that goes on and on", [
      serverFrame(TEXT, "", false),
      ...Array.from({ length: 65 }, () => serverFrame(CONTINUATION, Buffer.alloc(1_048_576), false)),
    ]],
  ])("%s", (_name, frames) => {
    const { code, message } = faultOf(...frames);
    expect([code, message]).toEqual([
      "too_large",
      "the server's message is longer than 64 MiB, and ended the connection",
    ]);
  });
});

describe("what we say", () => {
  test.each([0, 1, 3, 4, 125, 126, 65_535, 65_536])("of %d bytes is one masked frame", (length) => {
    const payload = "abcde".repeat(length).slice(0, length);
    expect(unmasked(textFrame(Buffer.from(payload)))).toEqual({ opcode: TEXT, isLast: true, payload });
  });

  test("has another mask each time", () => {
    const masks = Array.from(
      { length: 20 },
      () => Buffer.from(textFrame(new Uint8Array(1)).subarray(2, 6)).toString("hex"),
    );
    expect(new Set(masks).size).toBeGreaterThan(15);
  });

  test("answers a ping with its bytes, and ends the connection with a number", () => {
    expect(unmasked(pongFrame(Buffer.from("?")))).toEqual({ opcode: PONG, isLast: true, payload: "?" });
    expect(unmasked(closeFrame(1000)).payload).toBe(String(Buffer.from([3, 232])));
  });
});
