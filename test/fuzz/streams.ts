import { expect } from "bun:test";
import fc from "fast-check";
import { FrameReader } from "../../src/transport/frames.ts";
import { LineSplitter } from "../../src/transport/lines.ts";
import { SseReader } from "../../src/transport/sse.ts";
import type { BridgeError } from "../../src/platform/errors.ts";
import { serverFrame } from "../harness/server_frame.ts";
import { cut, damagedTextOf, places, type Target, target, textOf } from "./target.ts";

const LIMIT = 64;
const FIELDS = [
  "data:",
  "data",
  "id:",
  "id",
  "event:",
  "retry:",
  ":",
  " ",
  "\n",
  "\r\n",
  "\r",
  "\n\n",
  "\r\r",
  "\u0000",
  "1",
  "message",
  "endpoint",
  "\ufeff",
  "\u2028",
  "\u00e9",
  "\ud83d\ude00",
  "x".repeat(70),
  '{"jsonrpc":"2.0"}',
  "10",
  "-1",
  "1e9",
];
const EVENTS = fc.constantFrom(
  "id: 1\nevent: message\ndata: {}\n\n",
  "retry: 10\r\n\r\ndata: a\r\ndata: b\r\n\r\n",
  ": ping\n\ndata:x\n\n",
);
const LINES = [
  "{",
  "}",
  '"',
  "\n",
  "\r\n",
  "\r",
  "\u00e9",
  "\ud83d\ude00",
  "\u2028",
  "\u0000",
  "x".repeat(70),
  "abc",
  '{"id":1}',
];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a server may say between the frames of a message. */
const BETWEEN = fc.constantFrom(Buffer.alloc(0), serverFrame(9, "are you there"), serverFrame(10, ""));

/** A message as a server may send it: in one frame, or in some with others between them. */
const messageInFrames = fc.tuple(fc.string({ maxLength: 100 }), fc.nat(4), BETWEEN).map(([text, breaks, between]) => {
  const parts = cut(encoder.encode(text), Array.from({ length: breaks }, (_, at) => at / 5));
  const frames = parts.flatMap((part, at) => [
    between,
    serverFrame(at === 0 ? 1 : 0, part, at === parts.length - 1),
  ]);
  return { text: decoder.decode(encoder.encode(text)), frames };
});

/** What a stream of bytes says does not depend on where the network has cut it, and takes no more memory than allowed. */
export const streams: readonly Target[] = [
  target("event stream", fc.tuple(fc.oneof(textOf(FIELDS), damagedTextOf(EVENTS, FIELDS)), places), ([text, at]) => {
    const bytes = encoder.encode(text);
    const whole = eventsOf([bytes]);
    expect(eventsOf(cut(bytes, at))).toEqual(whole);
    expect(eventsOf([...bytes].map((byte) => new Uint8Array([byte])))).toEqual(whole);
    for (const { data } of whole.events) expect(encoder.encode(data).length).toBeLessThanOrEqual(LIMIT);
  }, [["\ufeffdata: x\n\n", [0.1]], [`id:${"x".repeat(80)}\r\r`, []]]),
  target("event stream of any bytes", fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
    eventsOf(chunks);
  }),
  target("lines on stdin", fc.tuple(fc.oneof(textOf(LINES), fc.string({ unit: "binary" })), places), ([text, at]) => {
    const bytes = encoder.encode(text);
    const whole = linesOf([bytes]);
    expect(linesOf(cut(bytes, at))).toEqual(whole);
    expect(linesOf([...bytes].map((byte) => new Uint8Array([byte])))).toEqual(whole);
    const expected = text.split("\n").map((line) => line.replace(/\r$/, ""));
    if (text.endsWith("\n") || text === "") expected.pop();
    const isLost = (line: string): boolean => encoder.encode(line).length > LIMIT;
    // The input is Unicode, where halves of signs are not.
    expect(whole.lines).toEqual(
      expected.filter((line) => !isLost(line)).map((line) => decoder.decode(encoder.encode(line))),
    );
    expect(whole.lost).toBe(expected.filter(isLost).length);
  }),
  target("frames of a WebSocket", fc.tuple(fc.array(messageInFrames, { maxLength: 5 }), places), ([messages, at]) => {
    const bytes = Buffer.concat(messages.flatMap(({ frames }) => frames));
    const sent = messages.map(({ text }) => text);
    const isLost = (text: string): boolean => encoder.encode(text).length > LIMIT;
    const expected = { messages: sent.filter((text) => !isLost(text)), lost: sent.filter(isLost).length };
    for (const chunks of [[bytes], cut(bytes, at), [...bytes].map((byte) => new Uint8Array([byte]))]) {
      expect(framesOf(chunks)).toEqual(expected);
    }
  }),
  target("frames of any bytes", fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (chunks) => {
    try {
      framesOf(chunks);
    } catch (thrown) {
      expect(["bad_answer", "too_large"]).toContain((thrown as BridgeError).code);
    }
  }),
];

function framesOf(chunks: readonly Uint8Array[]): { messages: string[]; lost: number } {
  const messages: string[] = [];
  let lost = 0;
  const reader = new FrameReader(LIMIT, {
    message: (bytes) => messages.push(decoder.decode(bytes)),
    oversize: () => lost++,
    ping: (payload) => expect(payload.length).toBeLessThan(126),
    close: (code) => expect(code).toBeLessThan(65_536),
  });
  for (const chunk of chunks) {
    reader.push(chunk);
    expect(reader.held).toBeLessThanOrEqual(LIMIT);
  }
  return { messages, lost };
}

function eventsOf(chunks: readonly Uint8Array[]): { events: { event: string; data: string }[]; rest: unknown } {
  const events: { event: string; data: string }[] = [];
  const reader = new SseReader(LIMIT, ({ event, data }) => events.push({ event, data: decoder.decode(data) }));
  for (const chunk of chunks) {
    reader.push(chunk);
    expect(reader.held).toBeLessThanOrEqual(4 * LIMIT + chunk.length);
  }
  return { events, rest: [reader.lastEventId, reader.retry, reader.oversize] };
}

function linesOf(chunks: readonly Uint8Array[]): { lines: string[]; lost: number } {
  const lines: string[] = [];
  let lost = 0;
  const splitter = new LineSplitter(LIMIT, {
    line: (bytes) => lines.push(decoder.decode(bytes)),
    oversize: () => lost++,
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, lost };
}
