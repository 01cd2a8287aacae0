import { describe, expect, test } from "bun:test";
import { EventSink, openingEvent } from "../../../src/transport/event_sink.ts";
import { settle } from "../../harness/fake_clock.ts";
import { ReadEvents } from "../../harness/serve_rig.ts";
import { toMessage } from "../../harness/stage_rig.ts";

const said = (bytes: number): ReturnType<typeof toMessage> =>
  toMessage({ method: "n", params: { text: "x".repeat(bytes) } });

function open(first?: Uint8Array): { sink: EventSink; left: () => number } {
  let left = 0;
  const sink = new EventSink({ "x-own": "1" }, () => void left++, first);
  return { sink, left: () => left };
}

describe("an event stream", () => {
  test("is one event for each message, with its id where it has one, byte for byte", async () => {
    const { sink } = open(openingEvent("1-0"));
    const stream = new ReadEvents(sink.response);
    void sink.send(toMessage('{"jsonrpc":"2.0",  "method":"n","params":{"\u2028":1.0}}'));
    void sink.send(said(1), "1-1");
    sink.beat();
    sink.end();
    sink.end();
    await settle();
    expect(stream.text).toBe(
      'id: 1-0\ndata: \n\nevent: message\ndata: {"jsonrpc":"2.0",  "method":"n","params":{"\u2028":1.0}}\n\n' +
        'id: 1-1\nevent: message\ndata: {"jsonrpc":"2.0","method":"n","params":{"text":"x"}}\n\n:\n\n',
    );
    expect([stream.isOver, sink.isOpen, sink.response.headers.get("x-own")]).toEqual([true, false, "1"]);
    expect(sink.send(said(1))).toBeUndefined();
  });

  test("asks its writer to wait while its client is behind, until it reads or leaves", async () => {
    for (const how of ["reads", "leaves"]) {
      const { sink, left } = open();
      let room = false;
      for (let n = 0; n < 4; n++) void sink.send(said(20_000))?.then(() => room = true);
      await settle();
      expect(room).toBe(false);
      const stream = new ReadEvents(sink.response);
      if (how === "leaves") await stream.leave();
      await settle();
      expect(room).toBe(true);
      expect(left()).toBe(how === "leaves" ? 1 : 0);
    }
  });

  test("is cut off once its client is 1 MiB behind, beside a single message that may be larger", async () => {
    const { sink, left } = open();
    void sink.send(said(8_000_000));
    void sink.send(said(1));
    void sink.send(said(1_200_000));
    expect([sink.isOpen, left()]).toEqual([true, 0]);
    void sink.send(said(1));
    void sink.send(said(1));
    expect([sink.isOpen, left()]).toEqual([false, 1]);
    await expect(sink.response.text()).rejects.toThrow();
  });

  test("hands a large message over in pieces, and what is said meanwhile behind it", async () => {
    const { sink } = open();
    const messages = [said(1), said(1_000_000), said(2), said(300_000), said(3)];
    for (const message of messages) void sink.send(message);
    sink.end();
    const chunks: Uint8Array[] = [];
    for await (const chunk of sink.response.body!) chunks.push(chunk);
    expect(Math.max(...chunks.map(({ length }) => length))).toBe(262_144);
    const decoder = new TextDecoder();
    const events = messages.map(({ bytes }) => `event: message\ndata: ${decoder.decode(bytes)}\n\n`);
    expect(decoder.decode(Buffer.concat(chunks))).toBe(`:\n\n${events.join("")}`);
  });

  test.each(["stays open", "has ended"])(
    "that %s has its writer wait until its client has a large message",
    async (how) => {
      const { sink } = open();
      let room = false;
      void sink.send(said(1_000_000))?.then(() => room = true);
      if (how === "has ended") sink.end();
      const reader = sink.response.body!.getReader();
      for (let read = 0; read < 1_000_000; read += (await reader.read()).value!.length) expect(room).toBe(false);
      await reader.read();
      await settle();
      expect(room).toBe(true);
      if (how === "has ended") expect((await reader.read()).done).toBe(true);
    },
  );

  test("says nothing into a silence that nobody reads", async () => {
    const { sink } = open();
    void sink.send(said(100_000));
    for (let n = 0; n < 1_000; n++) sink.beat();
    const stream = new ReadEvents(sink.response);
    sink.end();
    await settle();
    expect(stream.text.match(/:\n\n/g)).toHaveLength(1);
  });

  test("tells once that its client has gone, and not where it has ended by itself", async () => {
    const { sink, left } = open();
    const stream = new ReadEvents(sink.response);
    sink.end();
    await stream.leave();
    expect(left()).toBe(0);
  });
});
