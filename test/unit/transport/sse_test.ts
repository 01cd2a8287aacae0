import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SseReader } from "../../../src/transport/sse.ts";
import { runs } from "../../harness/counts.ts";

const encoder = new TextEncoder();

interface Found {
  events: { event: string; data: string }[];
  reader: SseReader;
}

function read(chunks: Uint8Array[], limit = 1_000_000): Found {
  const events: Found["events"] = [];
  const reader = new SseReader(
    limit,
    ({ event, data }) => events.push({ event, data: new TextDecoder().decode(data) }),
  );
  for (const chunk of chunks) reader.push(chunk);
  return { events, reader };
}

function readText(text: string, limit?: number): Found {
  return read([encoder.encode(text)], limit);
}

describe("SseReader", () => {
  test("reads the same events wherever the stream is cut, with every kind of line end", () => {
    const data = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).map((text) =>
      text.replace(/[\r\n]/g, "·")
    );
    const event = fc.record({
      lines: fc.array(data, { minLength: 1, maxLength: 3 }),
      id: fc.option(fc.nat()),
    });
    const end = fc.constantFrom("\n", "\r\n", "\r");
    fc.assert(
      fc.property(fc.array(event), end, fc.array(fc.nat(), { maxLength: 10 }), (events, eol, places) => {
        const text = events.map(({ lines, id }) => {
          const fields = [...(id === null ? [] : [`id: ${id}`]), ...lines.map((line) => `data: ${line}`)];
          return fields.join(eol) + eol + eol;
        }).join("");
        const bytes = encoder.encode(text);
        const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
        const chunks = [0, ...cuts].map((from, index) => bytes.slice(from, [...cuts, bytes.length][index]));
        const found = read(chunks);
        expect(found.events.map(({ data }) => data)).toEqual(events.map(({ lines }) => lines.join("\n")));
        expect(found.reader.lastEventId).toBe(events.findLast(({ id }) => id !== null)?.id?.toString());
      }),
      { numRuns: runs(1_000, 100_000) },
    );
  });

  test("ignores comments, unknown fields, and a byte order mark", () => {
    expect(readText("\ufeff: hi\nnonsense\nfoo: bar\ndata: 1\n\n").events).toEqual([{
      event: "message",
      data: "1",
    }]);
  });

  test("passes over a byte order mark wherever it is cut, and over no half of one", () => {
    const bytes = encoder.encode("\ufeffdata: x\n\n");
    for (const at of [0, 1, 2, 3]) expect(read([bytes.slice(0, at), bytes.slice(at)], 100).events).toHaveLength(1);
    for (const at of [1, 2]) expect(read([bytes.slice(0, at), bytes.slice(3)], 100).events).toEqual([]);
  });

  test("takes one blank behind the colon, not two", () => {
    expect(readText("data:  x\n\ndata:y\n\n").events.map(({ data }) => data)).toEqual([" x", "y"]);
  });

  test("names the event for that event alone", () => {
    expect(readText("event: endpoint\ndata: /m\n\ndata: 1\n\n").events.map(({ event }) => event)).toEqual([
      "endpoint",
      "message",
    ]);
  });

  test("hands on nothing for a priming event, and resumes from its id", () => {
    const { events, reader } = readText("id: 41\nretry: 500\ndata:\n\n");
    expect(events).toEqual([]);
    expect(reader.lastEventId).toBe("41");
    expect(reader.retry).toBe(500);
  });

  test("does not resume behind an event that was cut off", () => {
    expect(readText("id: 1\ndata: a\n\nid: 2\ndata: b\n").reader.lastEventId).toBe("1");
  });

  test("ignores an id with a NUL and a retry that is no number", () => {
    const { reader } = readText("id: a\0b\nretry: soon\ndata: x\n\n");
    expect(reader.lastEventId).toBeUndefined();
    expect(reader.retry).toBeUndefined();
  });

  test("does not hand on an event that the stream ended within", () => {
    expect(readText("data: half").events).toEqual([]);
    expect(readText("data: half\n").events).toEqual([]);
  });

  test.each([1, 13])(
    "drops an event beyond the limit and goes on with the next (chunks of %d bytes)",
    (size) => {
      const bytes = encoder.encode(`data: ${"x".repeat(200)}\n\n:${"c".repeat(300)}\ndata: ok\n\n`);
      const chunks = Array.from(
        { length: Math.ceil(bytes.length / size) },
        (_, at) => bytes.slice(at * size, (at + 1) * size),
      );
      const { events, reader } = read(chunks, 100);
      expect(events.map(({ data }) => data)).toContain("ok");
      expect(events).toHaveLength(1);
      expect(reader.oversize).toBe(1);
    },
  );

  test.each([1, 13, 150_000, 1_000_000])(
    "tells both ends of a message beyond the limit (chunks of %d bytes)",
    (size) => {
      const [first, last] = [`{"id":1,${"x".repeat(99_000)}`, `${"y".repeat(99_000)},"z":2}`];
      const large = `${first}${"-".repeat(10_000)}${last}`;
      const lines = `data: ${first}\ndata:${"-".repeat(10_000)}\ndata: ${last}`;
      const bytes = encoder.encode(
        `data: ${large}\n\nevent: other\ndata: ${large}\n\n${lines}\n: comment\n\ndata: ok\n\n`,
      );
      const found: string[] = [];
      const reader = new SseReader(100_000, () => {}, ({ head, tail }) => {
        found.push(new TextDecoder().decode(head.subarray(0, 10)), new TextDecoder().decode(tail.subarray(-10)));
        expect(Math.max(head.length, tail.length)).toBe(65_536);
      });
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.slice(at, at + size));
      const whole = [large.slice(0, 10), large.slice(-10)];
      expect(found).toEqual([...whole, ...whole]);
      expect(reader.oversize).toBe(3);
    },
  );

  test("never throws, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        read(chunks, 50);
      }),
      { numRuns: runs(2_000, 100_000) },
    );
  });
});
