import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BridgeError } from "../../../src/platform/errors.ts";
import { ChannelFailure } from "../../../src/transport/channel.ts";
import { composeMessage as asMessage } from "../../../src/transport/message.ts";
import { runs } from "../../harness/counts.ts";
import { settle } from "../../harness/fake_clock.ts";
import { PumpRig } from "../../harness/pump_rig.ts";

function unreachable(): ChannelFailure {
  return new ChannelFailure("broken", "unreachable", "nobody is there");
}

function cut(): ChannelFailure {
  return new ChannelFailure("broken", "outcome_unknown", "the line was cut", { mayHaveRun: true });
}

const CALL = { method: "tools/call", params: { name: "x" } };

describe("the handshake", () => {
  test("is confirmed once and before the first request, however soon the client does that", async () => {
    for (let steps = 0; steps < 20; steps++) {
      const rig = new PumpRig();
      rig.onsend = (sent) => {
        if (sent.json.method === "initialize") sent.answer({ protocolVersion: "2025-11-25", capabilities: {} });
        else sent.end();
      };
      rig.pump.fromClient(asMessage({ id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } }));
      while (rig.answersTo(1).length === 0) await Promise.resolve();
      for (let step = 0; step < steps; step++) await Promise.resolve();
      rig.pump.fromClient(asMessage({ method: "notifications/initialized" }));
      rig.pump.fromClient(asMessage({ id: 2, ...CALL }));
      await settle();
      expect(rig.sent.map(({ json }) => json.method)).toEqual(["initialize", "notifications/initialized", CALL.method]);
    }
  });

  test("with a server that is not there is given up after as long as somebody waits for it", async () => {
    const rig = new PumpRig({ grace: Infinity, redialFor: 3_000 });
    rig.onsend = (sent) => sent.fail(unreachable());
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } });
    await rig.clock.pass(2_000);
    expect(rig.received).toEqual([]);
    await rig.clock.pass(4_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "unreachable" } } }]);
  });
});

describe("a server that is down", () => {
  test("is dialled until it is there, and initialize gets its answer", async () => {
    const rig = new PumpRig();
    let tries = 0;
    rig.onsend = (sent) => {
      if (sent.json.method === "initialize" && ++tries < 5) sent.fail(unreachable());
    };
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    await rig.clock.pass(10_000);
    expect(tries).toBe(5);
    rig.last("initialize").answer({ protocolVersion: "2025-06-18", capabilities: {} });
    await settle();
    expect(rig.answersTo(1)).toMatchObject([{ result: { protocolVersion: "2025-06-18" } }]);
  });

  test("leaves no host without an answer to initialize for longer than 20 s, and the lists follow once it is there", async () => {
    const rig = new PumpRig();
    rig.onsend = (sent) => {
      if (sent.json.method === "initialize") sent.fail(unreachable());
    };
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    await rig.clock.pass(19_900);
    expect(rig.received).toEqual([]);
    await rig.clock.pass(200);
    expect(rig.answersTo(1)).toMatchObject([{
      result: { protocolVersion: "2025-06-18", capabilities: { tools: { listChanged: true } } },
    }]);
    await rig.say({ method: "notifications/initialized" });
    rig.onsend = (sent) => {
      if (sent.json.method === "initialize") sent.answer({ protocolVersion: "2025-06-18", capabilities: {} });
      else if (sent.json.method?.startsWith("notifications/")) sent.end();
    };
    await rig.clock.pass(400_000);
    expect(rig.received.map(({ method }) => method).filter(Boolean)).toEqual([
      "notifications/tools/list_changed",
      "notifications/prompts/list_changed",
      "notifications/resources/list_changed",
    ]);
    expect(rig.all("notifications/initialized")).toHaveLength(1);
    expect(rig.answersTo(1)).toHaveLength(1);
  });

  test("a slow server whose answer to initialize comes after ours has it kept from the client, and the lists follow", async () => {
    const rig = new PumpRig();
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    await rig.clock.pass(21_000);
    expect(rig.answersTo(1)).toHaveLength(1);
    await rig.say({ method: "notifications/initialized" });
    rig.last("initialize").answer({ protocolVersion: "2025-06-18", capabilities: {} });
    await settle();
    rig.last("notifications/initialized").end();
    await settle();
    expect(rig.answersTo(1)).toHaveLength(1);
    expect(rig.received.map(({ method }) => method)).toContain("notifications/tools/list_changed");
  });

  test("is asked for once: a client that was put off and asks again gets what the server has said since", async () => {
    const rig = new PumpRig();
    const initialize = { method: "initialize", params: { protocolVersion: "2025-06-18" } };
    const result = { protocolVersion: "2025-06-18", capabilities: { logging: {} } };
    await rig.say({ id: 1, ...initialize });
    await rig.clock.pass(21_000);
    await rig.say({ id: 2, ...initialize });
    await rig.clock.pass(21_000);
    expect(rig.standIns).toEqual(["late", "late"]);
    await rig.say({ id: 3, ...initialize });
    expect(rig.answersTo(3)).toEqual([]);
    const asked = rig.all("initialize").length;
    rig.last("initialize").answer(result);
    await settle();
    expect(rig.answersTo(3)).toMatchObject([{ result }]);
    expect(rig.all("initialize")).toHaveLength(asked);
    await rig.say({ id: 4, ...initialize });
    expect(rig.all("initialize")).toHaveLength(asked + 1);
  });

  test("is answered for by what it said the last time, to the same revision, with news of its lists", async () => {
    const rig = new PumpRig();
    const known = {
      protocolVersion: "2025-06-18",
      capabilities: { tools: {}, logging: {} },
      instructions: "Ask twice.",
    };
    rig.memory.set("initialize 2025-06-18", known);
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    await rig.clock.pass(21_000);
    expect(rig.answersTo(1)).toEqual([{
      jsonrpc: "2.0",
      id: 1,
      result: { ...known, capabilities: { tools: { listChanged: true }, logging: {} } },
    }]);
    await rig.say({ id: 2, method: "initialize", params: { protocolVersion: "2024-11-05" } });
    await rig.clock.pass(21_000);
    expect(rig.answersTo(2)).toMatchObject([{
      result: { protocolVersion: "2024-11-05", serverInfo: { version: "unknown" } },
    }]);
  });

  test.each([
    ["no object", "text"],
    ["without capabilities", { protocolVersion: "2025-06-18" }],
    ["a list", []],
  ])("is answered for with the least where what was remembered is %s", async (_, known) => {
    const rig = new PumpRig();
    rig.memory.set("initialize 2025-06-18", known);
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    await rig.clock.pass(21_000);
    expect(rig.answersTo(1)).toMatchObject([{ result: { serverInfo: { version: "unknown" } } }]);
  });

  test("is answered for in time though the memory does not answer", async () => {
    const rig = new PumpRig();
    rig.memory.get = () => new Promise(() => {});
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    await rig.clock.pass(21_000);
    expect(rig.answersTo(1)).toHaveLength(1);
  });

  test("is remembered by its answer, the one that came too late for the client too, and not by a refusal", async () => {
    const result = { protocolVersion: "2025-11-25", capabilities: { prompts: {} } };
    const rig = new PumpRig();
    await rig.say({ id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } });
    await rig.hear({ id: 1, error: { code: 1, message: "no" } });
    expect(rig.memory.size).toBe(0);
    await rig.say({ id: 2, method: "initialize", params: { protocolVersion: "2025-11-25" } });
    await rig.clock.pass(21_000);
    rig.last("initialize").answer(result);
    await settle();
    expect(rig.memory.get("initialize 2025-11-25")).toEqual(result);
    const large = { ...result, instructions: "x".repeat(70_000) };
    await rig.say({ id: 3, method: "initialize", params: { protocolVersion: "2025-06-18" } });
    rig.last("initialize").answer(large);
    await settle();
    expect(rig.memory.has("initialize 2025-06-18")).toBe(false);
  });

  test("makes lists wait 45 s and calls 10 s, then says why", async () => {
    const rig = new PumpRig({ grace: 1_000 });
    rig.onsend = (sent) => {
      if (sent.json.method === "initialize") sent.fail(unreachable());
    };
    await rig.say({ id: 1, method: "initialize", params: {} });
    await rig.clock.pass(1_100);
    await rig.say({ id: 2, method: "tools/list" }, { id: 3, ...CALL });
    await rig.clock.pass(9_000);
    expect(rig.answersTo(3)).toEqual([]);
    await rig.clock.pass(1_500);
    expect(rig.answersTo(3)).toMatchObject([{ error: { code: 1010, data: { code: "unreachable" } } }]);
    await rig.clock.pass(30_000);
    expect(rig.answersTo(2)).toEqual([]);
    await rig.clock.pass(6_000);
    expect(rig.answersTo(2)).toMatchObject([{ error: { data: { code: "unreachable" } } }]);
  });

  test("is not waited for beside other servers while it was never there, and a list hears at once why", async () => {
    const rig = new PumpRig({ isHurried: true });
    rig.onsend = (sent) => {
      if (sent.json.method === "initialize") sent.fail(unreachable());
    };
    await rig.say({ id: 1, method: "initialize", params: {} });
    await rig.say({ id: 2, method: "tools/list" });
    expect(rig.answersTo(1)).toMatchObject([{ result: {} }]);
    expect(rig.standIns).toEqual(["unreachable"]);
    expect(rig.answersTo(2)).toMatchObject([{ error: { data: { code: "unreachable" } } }]);
    rig.onsend = (sent) => sent.json.id === undefined ? sent.end() : sent.answer({ capabilities: {} });
    await rig.clock.pass(1_000);
    expect(rig.received.filter(({ method }) => method === "notifications/tools/list_changed")).toHaveLength(1);
  });

  test("is dialled by the next request, and not only when the backoff is over", async () => {
    const rig = new PumpRig({ grace: 1_000 });
    rig.onsend = (sent) => {
      if (sent.json.method === "initialize") sent.fail(unreachable());
    };
    await rig.say({ id: 1, method: "initialize", params: {} });
    await rig.clock.pass(3_600_000);
    rig.onsend = (sent) => sent.json.id === undefined ? sent.end() : sent.answer({ capabilities: {} });
    await rig.say({ id: 2, method: "tools/list" });
    expect(rig.answersTo(2)).toMatchObject([{ result: {} }]);
  });
});

describe("a session that is made again", () => {
  test("has the answer to what it asked meanwhile, and the old one none", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.hear({ id: "old", method: "roots/list" });
    await rig.say({ id: "l", method: "logging/setLevel", params: { level: "info" } });
    rig.last("logging/setLevel").answer({});
    await rig.say({ id: 1, method: "tools/list" });
    rig.last("tools/list").fail(new ChannelFailure("session_lost", "session_lost", "gone"));
    await settle();
    rig.last("initialize").answer({ protocolVersion: "2025-11-25", capabilities: {}, serverInfo: {} });
    await settle();
    rig.last("notifications/initialized").end();
    await settle();
    await rig.hear({ id: "new", method: "roots/list" });
    rig.last("logging/setLevel").answer({});
    await settle();
    await rig.say({ id: "new", result: { roots: [] } }, { id: "old", result: { roots: [] } });
    expect(rig.sent.filter(({ json }) => json.result !== undefined).map(({ json }) => json.id)).toEqual(["new"]);
  });

  test("may ask right behind its answer to initialize", async () => {
    const rig = new PumpRig();
    await rig.say({ id: "init", method: "initialize", params: { protocolVersion: "2025-11-25" } });
    rig.last("initialize").answer({ protocolVersion: "2025-11-25", capabilities: {}, serverInfo: {} });
    const heard = rig.hear({ id: "p", method: "ping" });
    await heard;
    await rig.say({ id: "p", result: {} });
    expect(rig.sent.filter(({ json }) => json.id === "p")).toHaveLength(1);
  });

  test("is tried for as seldom for many requests as for one", async () => {
    const tries: number[] = [];
    for (const count of [1, 150]) {
      const rig = new PumpRig();
      await rig.handshake();
      const { length } = rig.all("initialize");
      rig.onsend = ({ json, fail }) =>
        fail(
          json.method === "initialize"
            ? new ChannelFailure("broken", "unreachable", "down")
            : new ChannelFailure("session_lost", "session_lost", "gone"),
        );
      for (let id = 0; id < count; id++) {
        await rig.say({ id, method: "tools/call", params: { name: "x" } });
        await rig.clock.pass(10);
      }
      await rig.clock.pass(12_000);
      expect(rig.received.filter(({ error }) => error !== undefined)).toHaveLength(count);
      tries.push(rig.all("initialize").length - length);
    }
    expect(tries[0]).toBeGreaterThan(3);
    // One who comes later may meet it between two tries of the others, yet none sooner than a fifth of a second.
    expect(tries[1]).toBeLessThanOrEqual(14_000 / 200);
  });
});

describe("a subscription that the server ends without an answer (2026-07-28)", () => {
  const META = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };
  const LISTEN = { id: 1, method: "subscriptions/listen", params: { notifications: {}, ...META } };

  test("is over: the client hears it, its id is free, and its turn is another's", async () => {
    const rig = new PumpRig({ takesTurns: true });
    for (let n = 0; n < 200; n++) {
      await rig.say(LISTEN);
      await rig.hear({ method: "notifications/cancelled", params: { requestId: 1 } });
    }
    expect(rig.all("subscriptions/listen")).toHaveLength(200);
    expect(rig.received.map(({ method }) => method)).toEqual(Array(200).fill("notifications/cancelled"));
  });

  test("goes on where the server withdraws a question of the same id", async () => {
    const rig = new PumpRig();
    await rig.say(LISTEN);
    await rig.hear({ id: 1, method: "roots/list" }, { method: "notifications/cancelled", params: { requestId: 1 } });
    expect(rig.last("subscriptions/listen").signal!.aborted).toBe(false);
  });
});

describe("a session that is hard to make", () => {
  function lost(): ChannelFailure {
    return new ChannelFailure("session_lost", "session_lost", "gone");
  }

  test("leaves a list that met its loss without an answer for 45 s at most, and a call for 10 s", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => {
      if (sent.json.method !== "initialize") sent.fail(lost());
    };
    await rig.say({ id: 1, method: "tools/list" }, { id: 2, ...CALL });
    await rig.clock.pass(10_100);
    expect(rig.answersTo(2)).toHaveLength(1);
    expect(rig.answersTo(1)).toEqual([]);
    await rig.clock.pass(35_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { code: expect.any(Number) } }]);
  });

  test("is usable where the server refuses the steps behind initialize", async () => {
    const rig = new PumpRig();
    rig.onsend = (sent) => {
      const { method, id } = sent.json;
      if (method === "notifications/initialized" || method === "logging/setLevel") {
        sent.fail(new ChannelFailure("refused", "http_status", "405"));
      } else if (id !== undefined) sent.answer({ capabilities: {} });
    };
    await rig.say({ id: 0, method: "initialize", params: {} });
    await rig.say({ method: "notifications/initialized" }, { id: 1, ...CALL });
    expect(rig.answersTo(1)).toMatchObject([{ result: {} }]);
    expect(rig.all("initialize")).toHaveLength(1);
  });

  test("is asked for as seldom as the server wants", async () => {
    const rig = new PumpRig({ grace: 1_000 });
    rig.onsend = (sent) => {
      if (sent.json.method !== "initialize") return;
      sent.fail(new ChannelFailure("refused", "busy", "429", { retryAfter: 120_000 }));
    };
    await rig.say({ id: 0, method: "initialize", params: {} });
    await rig.clock.pass(115_000);
    expect(rig.all("initialize").length).toBeLessThanOrEqual(2);
  });
});

describe("what the client says without asking", () => {
  test("an answer to the server that meets Retry-After is sent again", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.hear({ id: 5, method: "sampling/createMessage" });
    rig.onsend = (sent) => sent.fail(new ChannelFailure("refused", "busy", "503", { retryAfter: 2_000 }));
    await rig.say({ id: 5, result: {} });
    rig.onsend = (sent) => sent.end();
    await rig.clock.pass(2_100);
    expect(rig.sent.filter(({ json }) => json.result !== undefined)).toHaveLength(2);
  });

  test("a notification that found nobody is sent again", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => sent.fail(unreachable());
    await rig.say({ method: "notifications/roots/list_changed" });
    rig.onsend = (sent) => sent.end();
    await rig.clock.pass(2_000);
    expect(rig.all("notifications/roots/list_changed")).toHaveLength(2);
  });
});

describe("a request whose outcome is unknown", () => {
  test("is sent again where it only reads, twice at most", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => sent.fail(cut());
    await rig.say({ id: 1, method: "resources/read", params: { uri: "a" } });
    await rig.clock.pass(10_000);
    expect(rig.all("resources/read")).toHaveLength(3);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "outcome_unknown" } } }]);
  });

  test("is never sent again where it may do something", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => sent.fail(cut());
    await rig.say({ id: 1, ...CALL });
    await rig.clock.pass(60_000);
    expect(rig.all("tools/call")).toHaveLength(1);
    expect(rig.answersTo(1)[0]!.error.message).toContain("unknown whether the request was carried out");
  });
});

describe("deadlines", () => {
  test("a request has none unless asked", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => {
      if (sent.json.method === "ping") sent.answer({});
    };
    await rig.say({ id: 1, ...CALL });
    await rig.clock.pass(3_600_000);
    expect(rig.answersTo(1)).toEqual([]);
  });

  test("--timeout ends a request and closes its exchange", async () => {
    const rig = new PumpRig({ total: 60_000 });
    await rig.handshake();
    rig.onsend = (sent) => {
      if (sent.json.method === "ping") sent.answer({});
    };
    await rig.say({ id: 1, ...CALL });
    await rig.clock.pass(59_000);
    expect(rig.answersTo(1)).toEqual([]);
    await rig.clock.pass(2_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "timed_out" } } }]);
    expect(rig.last("tools/call").signal!.aborted).toBe(true);
  });

  test("an answer that began and fell silent for 5 min is given up, and progress puts that off", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => {
      if (sent.json.method === "ping") sent.answer({});
    };
    await rig.say({ id: 1, method: "tools/call", params: { name: "x", _meta: { progressToken: "p" } } });
    rig.last("tools/call").begin();
    await rig.clock.pass(290_000);
    await rig.hear({ method: "notifications/progress", params: { progressToken: "p", progress: 1 } });
    await rig.clock.pass(290_000);
    expect(rig.answersTo(1)).toEqual([]);
    await rig.clock.pass(15_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "timed_out" } } }]);
  });
});

describe("a server that is a process of this machine", () => {
  test("is not asked for signs of life, and outlives the machine's sleep", async () => {
    const rig = new PumpRig({ isLocal: true, idle: 0 });
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    await rig.clock.pass(600_000);
    rig.clock.sleep(8 * 3_600_000);
    await rig.clock.pass(60_000);
    expect(rig.all("ping")).toEqual([]);
    expect(rig.reconnects).toBe(0);
    expect(rig.answersTo(1)).toEqual([]);
  });
});

describe("a sign-in that a person has to do", () => {
  const SIGN_IN = new BridgeError("sign_in_required", "sign in first", { hint: 'run "mcp-bridge login"' });

  test("holds requests for 45 s, then says what to do; the server is not taken for dead meanwhile", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    rig.pump.hold(SIGN_IN);
    await rig.clock.pass(44_000);
    expect(rig.answersTo(1)).toEqual([]);
    await rig.clock.pass(2_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "sign_in_required", hint: SIGN_IN.hint } } }]);
    await rig.say({ id: 2, ...CALL });
    await rig.clock.pass(40_000);
    rig.pump.hold(undefined);
    await rig.clock.pass(20_000);
    expect(rig.answersTo(2)).toEqual([]);
    expect(rig.all("ping")).toEqual([]);
    rig.last("tools/call").answer({ ok: true });
    await settle();
    expect(rig.answersTo(2)).toMatchObject([{ result: { ok: true } }]);
  });

  test("leaves no host without an answer to initialize, and the lists follow once it is done", async () => {
    const rig = new PumpRig();
    rig.pump.hold(SIGN_IN);
    await rig.say({ id: 1, method: "initialize", params: {} });
    await rig.clock.pass(20_100);
    expect(rig.answersTo(1)).toMatchObject([{ result: { capabilities: { tools: { listChanged: true } } } }]);
    await rig.say({ id: 2, method: "tools/call", params: {} }, { id: 3, method: "tools/list" });
    await rig.clock.pass(44_000);
    expect([...rig.answersTo(2), ...rig.answersTo(3)]).toEqual([]);
    await rig.clock.pass(2_000);
    for (const id of [2, 3]) {
      expect(rig.answersTo(id)).toMatchObject([{ error: { data: { code: "sign_in_required" } } }]);
    }
    rig.pump.hold(undefined);
    rig.last("initialize").answer({ protocolVersion: "2025-11-25", capabilities: {} });
    await settle();
    expect(rig.received.map(({ method }) => method)).toContain("notifications/tools/list_changed");
  });
});

describe("keep-alive", () => {
  test("pings a quiet server once in its period, and the answers stay with us", async () => {
    const rig = new PumpRig({ keepAlive: 30_000 });
    await rig.clock.pass(60_000);
    expect(rig.sent).toEqual([]);
    await rig.handshake();
    rig.onsend = (sent) => sent.answer({});
    const before = rig.received.length;
    await rig.clock.pass(29_000);
    expect(rig.all("ping")).toHaveLength(0);
    for (let period = 0; period < 10; period++) await rig.clock.pass(30_000);
    expect(rig.all("ping")).toHaveLength(10);
    expect(rig.received).toHaveLength(before);
  });

  test("makes a session again whose loss a ping was told", async () => {
    const rig = new PumpRig({ keepAlive: 30_000 });
    await rig.handshake();
    rig.onsend = (sent) => {
      if (sent.json.method === "ping") sent.fail(new ChannelFailure("session_lost", "session_lost", "gone"));
    };
    await rig.clock.pass(31_000);
    expect(rig.all("initialize")).toHaveLength(2);
  });

  test("is off unless asked for, and over at the end", async () => {
    for (const keepAlive of [0, 30_000]) {
      const rig = new PumpRig({ keepAlive });
      await rig.handshake();
      if (keepAlive > 0) await rig.pump.leave(0);
      await rig.clock.pass(600_000);
      expect(rig.all("ping")).toHaveLength(0);
    }
  });
});

describe("a connection that is half open (C14)", () => {
  test("is found by two pings without an answer; calls are told, reads are sent again", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL }, { id: 2, method: "resources/read", params: { uri: "a" } });
    await rig.clock.pass(29_000);
    expect(rig.all("ping")).toHaveLength(0);
    await rig.clock.pass(2_000);
    expect(rig.all("ping")).toHaveLength(1);
    await rig.clock.pass(21_000);
    expect(rig.all("ping")).toHaveLength(2);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "unresponsive" } } }]);
    expect(rig.answersTo(2)).toEqual([]);
    expect(rig.all("resources/read")).toHaveLength(2);
    expect(rig.reconnects).toBe(1);
  });

  test("is none where the server answers the ping, with a refusal too", async () => {
    for (const refuse of [false, true]) {
      const rig = new PumpRig();
      await rig.handshake();
      rig.onsend = (sent) => {
        if (sent.json.method !== "ping") return;
        if (refuse) sent.fail(new ChannelFailure("refused", "http_status", "405"));
        else sent.answer({});
      };
      await rig.say({ id: 1, ...CALL });
      await rig.clock.pass(120_000);
      expect(rig.answersTo(1)).toEqual([]);
      expect(rig.all("ping").length).toBeGreaterThanOrEqual(3);
    }
  });

  test("from 2026-07-28 on is found by server/discover, which says of the client what its request said", async () => {
    const rig = new PumpRig();
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "c" },
    };
    await rig.say({ id: 1, method: "tools/call", params: { name: "x", _meta: { ..._meta, progressToken: 1 } } });
    await rig.clock.pass(31_000);
    expect(rig.last("server/discover").json.params).toEqual({ _meta });
    await rig.clock.pass(21_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "unresponsive" } } }]);
  });

  test("is not looked for where no handshake was made", async () => {
    const rig = new PumpRig();
    await rig.say({ id: 1, ...CALL });
    await rig.clock.pass(120_000);
    expect(rig.sent).toHaveLength(1);
    expect(rig.answersTo(1)).toEqual([]);
  });

  test("is not looked for while nothing is in flight", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.clock.pass(3_600_000);
    expect(rig.all("ping")).toHaveLength(0);
  });

  test("pings carry an id that no client uses, and their answers stay with us", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    await rig.clock.pass(31_000);
    const ping = rig.last("ping");
    expect(ping.json.id).toStartWith("mcp-bridge:");
    ping.answer({});
    await settle();
    expect(rig.answersTo(ping.json.id)).toEqual([]);
  });
});

describe("a sleep of the machine (C10)", () => {
  test("drops all connections, and a dead server is found within 15 s", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    rig.clock.sleep(8 * 3_600_000);
    await rig.clock.pass(1_500);
    expect(rig.reconnects).toBe(1);
    expect(rig.all("ping")).toHaveLength(1);
    await rig.clock.pass(15_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "unresponsive" } } }]);
  });

  test("is noticed by the request that comes first, before any tick", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.clock.sleep(8 * 3_600_000);
    await rig.say({ id: 1, ...CALL });
    expect(rig.reconnects).toBe(1);
    expect(rig.all("tools/call")).toHaveLength(1);
  });

  test("tells a call that was in flight, and asks again what only reads, though the server lives", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.onsend = (sent) => {
      if (sent.json.method === "ping") sent.answer({});
    };
    await rig.say({ id: 1, ...CALL }, { id: 2, method: "resources/read", params: { uri: "a" } });
    rig.last("tools/call").begin();
    rig.clock.sleep(8 * 3_600_000);
    await rig.clock.pass(2_000);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "unresponsive" } } }]);
    expect(rig.all("resources/read")).toHaveLength(2);
    rig.last("resources/read").answer({ contents: [] });
    await settle();
    expect(rig.answersTo(2)).toMatchObject([{ result: { contents: [] } }]);
  });

  test("with nothing in flight still has the stream opened anew", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    rig.clock.sleep(8 * 3_600_000);
    await rig.clock.pass(11_000);
    expect(rig.reconnects).toBe(1);
  });
});

describe("cancelling", () => {
  test("tells the server, then closes the exchange, and a late answer goes nowhere", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    await rig.say({ method: "notifications/cancelled", params: { requestId: 1, reason: "x" } });
    expect(rig.last("notifications/cancelled").json.params).toEqual({ requestId: 1, reason: "x" });
    expect(rig.last("tools/call").signal!.aborted).toBe(false);
    rig.last("notifications/cancelled").end();
    await settle();
    expect(rig.last("tools/call").signal!.aborted).toBe(true);
    await rig.hear({ id: 1, result: {} });
    expect(rig.answersTo(1)).toEqual([]);
  });

  test("closes the exchange though the server does not take the notification", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    await rig.say({ method: "notifications/cancelled", params: { requestId: 1 } });
    await rig.clock.pass(6_000);
    expect(rig.last("tools/call").signal!.aborted).toBe(true);
  });

  test("from 2026-07-28 on closes the exchange and says nothing", async () => {
    const rig = new PumpRig();
    const _meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
    await rig.say({ id: 1, method: "tools/call", params: { name: "x", _meta } });
    await rig.say({ method: "notifications/cancelled", params: { requestId: 1 } });
    expect(rig.last("tools/call").signal!.aborted).toBe(true);
    expect(rig.all("notifications/cancelled")).toEqual([]);
  });

  test("an initialize is not cancelled", async () => {
    const rig = new PumpRig();
    await rig.say({ id: 1, method: "initialize", params: {} });
    await rig.say({ method: "notifications/cancelled", params: { requestId: 1 } });
    rig.last("initialize").answer({ capabilities: {} });
    await settle();
    expect(rig.answersTo(1)).toHaveLength(1);
  });
});

describe("ids (C24)", () => {
  test("a second request under an id in flight is refused, the first goes on", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL }, { id: 1.0, method: "ping" });
    expect(rig.answersTo(1)).toMatchObject([{ error: { code: -32600 } }]);
    rig.last("tools/call").answer({ ok: true });
    await settle();
    expect(rig.answersTo(1)).toHaveLength(2);
  });

  test("an answer that comes twice is handed on once, one that nobody asked for never", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    await rig.hear({ id: 1, result: { first: true } }, { id: 1, result: { first: false } }, {
      id: 99,
      result: {},
    });
    expect(rig.answersTo(1)).toMatchObject([{ result: { first: true } }]);
    expect(rig.answersTo(99)).toEqual([]);
  });

  test("an answer that comes on another stream ends the exchange of its request", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL });
    await rig.hear({ id: 1, result: { elsewhere: true } });
    expect(rig.answersTo(1)).toMatchObject([{ result: { elsewhere: true } }]);
    expect(rig.last("tools/call").signal!.aborted).toBe(true);
  });

  test("an answer of the client to a request that the server has cancelled is dropped", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.hear({ id: 5, method: "roots/list" }, { method: "notifications/cancelled", params: { requestId: 5 } });
    expect(rig.received.slice(-2).map(({ method }) => method)).toEqual(["roots/list", "notifications/cancelled"]);
    const before = rig.sent.length;
    await rig.say({ id: 5, result: { roots: [] } });
    expect(rig.sent).toHaveLength(before);
  });

  test("an answer of the client that the server did not ask for is dropped, and so is a second one", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.hear({ id: 5, method: "roots/list" });
    await rig.say({ id: 5, result: { roots: [] } }, { id: 5, result: { roots: [] } }, { id: 6, result: {} });
    expect(rig.sent.filter(({ json }) => json.result !== undefined)).toHaveLength(1);
  });

  test(
    "under any schedule of answers, doubles, cuts, cancels and losses each request has one answer, a cancelled one at most one",
    async () => {
      const event = fc.record({
        kind: fc.constantFrom(
          "answer",
          "twice",
          "stray",
          "cut",
          "unreachable",
          "lost",
          "end",
          "cancel",
          "wait",
          "late",
        ),
        which: fc.nat(9),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(event, { maxLength: 30 }), fc.boolean(), async (events, promiseless) => {
          const rig = new PumpRig({ total: 200_000, promiseless });
          rig.onsend = (sent) => {
            if (sent.json.method === "initialize") {
              sent.answer({ protocolVersion: "2025-11-25", capabilities: {} });
            } else if (sent.json.id === undefined) sent.end();
          };
          await rig.say({ id: "init", method: "initialize", params: {} });
          await rig.say({ method: "notifications/initialized" });
          const methods = ["tools/call", "tools/list", "resources/read"];
          const ids = Array.from({ length: 10 }, (_, id) => id);
          await rig.say(...ids.map((id) => ({ id, method: methods[id % 3], params: {} })));
          const cancelled = new Set<number>();
          for (const { kind, which } of events) {
            const sent = rig.sent.findLast(({ json }) => json.id === which && json.method !== undefined);
            if (kind === "wait") await rig.clock.pass(7_000);
            else if (kind === "stray") await rig.hear({ id: 1_000 + which, result: {} });
            else if (kind === "late") await rig.hear({ id: which, result: {} });
            else if (kind === "cancel") {
              cancelled.add(which);
              await rig.say({ method: "notifications/cancelled", params: { requestId: which } });
            } else if (kind === "answer") sent?.answer({ ok: true });
            else if (kind === "twice") {
              sent?.answer({ ok: true });
              await rig.hear({ id: which, result: { ok: false } });
            } else if (kind === "end") sent?.end();
            else if (kind === "cut") sent?.fail(cut());
            else if (kind === "unreachable") sent?.fail(unreachable());
            else sent?.fail(new ChannelFailure("session_lost", "session_lost", "gone"));
            await settle();
          }
          await rig.clock.pass(300_000);
          for (const id of ids) {
            const count = rig.answersTo(id).length;
            if (cancelled.has(id)) expect(count).toBeLessThanOrEqual(1);
            else expect(count).toBe(1);
          }
          await rig.pump.leave(0);
        }),
        { numRuns: runs(500, 10_000) },
      );
    },
    600_000,
  );
});

describe("leaving", () => {
  test("sends nothing more of what waits for its turn, and answers it", async () => {
    const rig = new PumpRig({ takesTurns: true });
    await rig.handshake();
    await rig.say(...Array.from({ length: 500 }, (_, id) => ({ id, method: "tools/call", params: { name: "x" } })));
    const { length } = rig.all("tools/call");
    expect(length).toBe(150);
    const left = rig.pump.leave(0);
    await rig.clock.pass(0);
    await left;
    expect(rig.all("tools/call")).toHaveLength(length);
    expect(rig.received.filter(({ error }) => error !== undefined)).toHaveLength(500);
  });

  test("waits for answers on their way, then gives the rest up", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.say({ id: 1, ...CALL }, { id: 2, ...CALL });
    const left = rig.pump.leave(1_000);
    rig.all("tools/call")[0]!.answer({ ok: true });
    await rig.clock.pass(999);
    expect(rig.answersTo(1)).toHaveLength(1);
    expect(rig.answersTo(2)).toEqual([]);
    await rig.clock.pass(2);
    await left;
    expect(rig.answersTo(2)).toMatchObject([{ error: { data: { code: "closing" } } }]);
    expect(rig.all("tools/call")[1]!.signal!.aborted).toBe(true);
  });

  test("waits for nothing where nothing is in flight", async () => {
    const rig = new PumpRig();
    await rig.handshake();
    await rig.pump.leave(1_000);
  });
});
