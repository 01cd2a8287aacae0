import { describe, expect, test } from "bun:test";
import { Abort } from "../../../src/platform/abort.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { brokenBy } from "../../../src/transport/channel.ts";
import { type Link, type LinkEvents, SharedStreamEnd } from "../../../src/transport/shared_stream.ts";
import { composeMessage, type Message } from "../../../src/transport/message.ts";
import { FakeClock, settle } from "../../harness/fake_clock.ts";

const ENDED = brokenBy(new BridgeError("outcome_unknown", "gone"));

/** A far end whose links are in the test's hands. */
class Rig {
  readonly clock = new FakeClock();
  readonly opened: LinkEvents[] = [];
  readonly aborts: AbortController[] = [];
  readonly sent: Message[] = [];
  closes = 0;
  losses = 0;
  readonly far = new SharedStreamEnd({
    open: (events, abort) => {
      this.opened.push(events);
      this.aborts.push(abort);
      return Promise.resolve({
        write: (message: Message) => Promise.resolve(void this.sent.push(message)),
        close: () => Promise.resolve(void this.closes++),
      });
    },
    events: { onmessage: () => undefined, onactivity: () => {}, onloss: () => void this.losses++ },
    clock: this.clock,
    isLocal: false,
  });

  /** Opens a session; settles with how its exchange ended. */
  initialize(abort?: AbortController): Promise<unknown> {
    const exchange = Promise.resolve(
      this.far.send(composeMessage({ id: 1, method: "initialize" }), abort && { abort }),
    );
    return exchange.then(() => "answered", (thrown) => thrown);
  }

  answer(): void {
    this.opened.at(-1)!.onmessage(composeMessage({ id: 1, result: {} }));
  }
}

describe("a request whose failure is told without a promise", () => {
  /** Sends a call in an open session; settles with what was told. */
  async function call(id: number): Promise<{ rig: Rig; sent: unknown; abort: Abort; told: unknown[] }> {
    const rig = new Rig();
    const exchange = rig.initialize();
    await settle();
    rig.answer();
    await exchange;
    const told: unknown[] = [];
    const abort = new Abort();
    const onfailure = (reason: unknown): void => void told.push(reason);
    const sent = rig.far.send(composeMessage({ id, method: "tools/call" }), { abort, onfailure });
    await settle();
    return { rig, sent, abort, told };
  }

  test("is told nothing where it is answered, whatever ends later", async () => {
    const { rig, sent, abort, told } = await call(2);
    expect(sent).toBeUndefined();
    rig.opened.at(-1)!.onmessage(composeMessage({ id: 2, result: {} }));
    abort.abort(new Error("too late"));
    rig.opened.at(-1)!.onclose(ENDED);
    await settle();
    expect(told).toEqual([]);
  });

  test("is told once that the connection ended, though it is given up as well", async () => {
    const { rig, abort, told } = await call(2);
    rig.opened.at(-1)!.onclose(ENDED);
    abort.abort(new Error("too late"));
    expect(told).toEqual([ENDED]);
  });

  test("is told why it was given up", async () => {
    const { abort, told } = await call(2);
    const reason = new Error("enough");
    abort.abort(reason);
    expect(told).toEqual([reason]);
  });
});

describe("a server whose connections end as soon as they are open", () => {
  test("gets each one later than the one before, up to a minute", async () => {
    const rig = new Rig();
    const waits: number[] = [];
    for (let life = 0; life < 12; life++) {
      const before = rig.opened.length;
      const exchange = rig.initialize();
      await settle();
      let waited = 0;
      for (; rig.opened.length === before; waited += 50) await rig.clock.pass(50);
      waits.push(waited);
      rig.opened.at(-1)!.onclose(ENDED);
      expect(await exchange).toBe(ENDED);
    }
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThanOrEqual(150);
    expect(waits[1]).toBeLessThanOrEqual(350);
    for (const [place, wait] of waits.slice(2, 9).entries()) expect(wait).toBeGreaterThan(waits[place + 1]!);
    expect(waits.at(-1)).toBeGreaterThan(40_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(75_050);
  });

  test("gets one at once after a connection that lasted", async () => {
    const rig = new Rig();
    for (const lasted of [0, 10_000]) {
      const exchange = rig.initialize();
      await rig.clock.pass(1_000);
      rig.answer();
      expect(await exchange).toBe("answered");
      await rig.clock.pass(lasted);
      rig.opened.at(-1)!.onclose(ENDED);
    }
    void rig.initialize();
    await settle();
    expect(rig.opened).toHaveLength(3);
    expect(rig.losses).toBe(2);
  });

  test("keeps neither a request that is given up waiting, nor the end", async () => {
    for (const way of ["given up", "end"]) {
      const rig = new Rig();
      const first = rig.initialize();
      await settle();
      rig.opened[0]!.onclose(ENDED);
      await first;
      const abort = new AbortController();
      const second = rig.initialize(abort);
      await settle();
      const reason = new BridgeError("timed_out", "enough");
      if (way === "end") await rig.far.close(500);
      else abort.abort(reason);
      const thrown = await second;
      expect(way === "end" ? (thrown as BridgeError).code : thrown).toEqual(way === "end" ? "closing" : reason);
      await rig.clock.pass(100_000);
      expect(rig.opened).toHaveLength(1);
    }
  });
});

describe("one stream for all answers", () => {
  test("a request of 2026-07-28 that is given up is cancelled at the server, once; of one before, the client says so", async () => {
    const rig = new Rig();
    const exchange = rig.initialize();
    await settle();
    rig.answer();
    await exchange;
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
    for (const params of [{}, { _meta }]) {
      for (const abort of [new Abort(), new AbortController()]) {
        const given = rig.far.send(composeMessage({ id: 2, method: "tools/call", params }), { abort });
        abort.abort(new Error("enough"));
        abort.abort(new Error("again"));
        await expect(given!).rejects.toThrow("enough");
      }
    }
    const cancelled = rig.sent.filter(({ method }) => method === "notifications/cancelled");
    expect(cancelled.map((each) => each.param("requestId"))).toEqual(["2", "2"]);
  });

  test("a request that is answered is not cancelled, whatever is given up later", async () => {
    const rig = new Rig();
    const abort = new AbortController();
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
    const exchange = rig.far.send(composeMessage({ id: 1, method: "tools/list", params: { _meta } }), { abort });
    await settle();
    rig.answer();
    await exchange;
    abort.abort(new Error("too late"));
    expect(rig.sent).toHaveLength(1);
  });

  test("a request that begins a session without a handshake has one to lose", async () => {
    const rig = new Rig();
    const exchange = rig.far.send(composeMessage({ id: 1, method: "server/discover" }), { begins: true });
    await settle();
    rig.answer();
    await exchange;
    rig.opened[0]!.onclose(ENDED);
    expect(rig.losses).toBe(1);
    const thrown = await rig.far.send(composeMessage({ id: 2, method: "tools/list" }))!.catch((error) => error);
    expect(thrown).toMatchObject({ kind: "session_lost" });
  });

  test("a request before any session is none of a lost one; after it, it is told that the session is lost", async () => {
    const rig = new Rig();
    const exchange = rig.initialize();
    await settle();
    rig.answer();
    await exchange;
    rig.opened[0]!.onclose(ENDED);
    const thrown = await rig.far.send(composeMessage({ id: 2, method: "tools/list" }))!.catch((error) => error);
    expect(thrown).toMatchObject({ kind: "session_lost", mayHaveRun: false });
    expect(rig.losses).toBe(1);
  });

  test("connecting anew ends the connection and what is in flight on it, once", async () => {
    const rig = new Rig();
    const exchange = rig.initialize();
    await settle();
    rig.far.reconnect();
    expect(await exchange).toMatchObject({ kind: "broken", mayHaveRun: true });
    await settle();
    expect(rig.closes).toBe(1);
    rig.opened[0]!.onclose(ENDED);
    expect(rig.losses).toBe(0);
  });

  test("what comes late on a connection that has ended is nobody's, also under an id that is in flight on the next", async () => {
    const rig = new Rig();
    const first = rig.initialize();
    await settle();
    const [ended] = rig.opened;
    ended!.onclose(ENDED);
    await first;
    let end: unknown;
    void rig.initialize().then((how) => end = how);
    await rig.clock.pass(1_000);
    expect(rig.opened).toHaveLength(2);
    ended!.onmessage(composeMessage({ id: 1, result: {} }));
    ended!.onmalformed("1");
    ended!.onmalformed(undefined);
    await settle();
    expect(end).toBeUndefined();
    rig.answer();
    await settle();
    expect(end).toBe("answered");
  });

  test("what cannot be read ends the request that it names, or the only one there is, and no other", async () => {
    const rig = new Rig();
    const exchanges = [rig.initialize()];
    await settle();
    rig.opened[0]!.onmalformed(undefined);
    expect(await exchanges[0]).toMatchObject({ kind: "refused", code: "bad_answer" });
    const ends: unknown[] = [];
    for (const id of [2, 3]) {
      const exchange = rig.far.send(composeMessage({ id, method: "tools/call" }));
      void exchange!.catch((thrown) => ends.push([id, thrown.code]));
    }
    await settle();
    rig.opened[0]!.onmalformed(undefined);
    await settle();
    expect(ends).toEqual([]);
    rig.opened[0]!.onmalformed("3");
    rig.opened[0]!.onmalformed("2", new BridgeError("too_large", "the answer is too large"));
    await settle();
    expect(ends).toEqual([[3, "bad_answer"], [2, "too_large"]]);
  });
});

test("whoever gives up while the connection comes about takes nobody along", async () => {
  const opened: { give(link: Link): void }[] = [];
  const sent: unknown[] = [];
  const far = new SharedStreamEnd({
    open: (_events, { signal }) =>
      new Promise((give, reject) => {
        opened.push({ give });
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    events: { onmessage: () => undefined, onactivity: () => {}, onloss: () => {} },
    clock: new FakeClock(),
    isLocal: false,
  });
  const told: unknown[] = [];
  const aborts = [1, 2, 3].map((id) => {
    const abort = new Abort();
    const exchange = far.send(composeMessage({ id, method: "tools/call" }), { abort });
    exchange?.catch((thrown) => told.push([id, thrown.message]));
    return abort;
  });
  await settle();
  for (const [place, abort] of aborts.slice(0, 2).entries()) {
    abort.abort(new BridgeError("closing", "enough"));
    await settle();
    expect(opened).toHaveLength(place + 2);
  }
  opened.at(-1)!.give({ write: ({ id }) => void sent.push(id), close: () => Promise.resolve() });
  await settle();
  expect([told, sent]).toEqual([[[1, "enough"], [2, "enough"]], ["3"]]);
});
