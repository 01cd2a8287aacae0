import { describe, expect, test } from "bun:test";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { ChannelFailure } from "../../../../src/transport/channel.ts";
import { EraEnd } from "../../../../src/bridge/era/era_end.ts";
import { FakeClock, settle } from "../../../harness/fake_clock.ts";
import { FarEndRig, type Passed, type Serve } from "../../../harness/far_end_rig.ts";
import type { Json } from "../../../harness/fake_mcp.ts";

const VERSION = "io.modelcontextprotocol/protocolVersion";
const INFO = "io.modelcontextprotocol/clientInfo";
const ABLE = "io.modelcontextprotocol/clientCapabilities";
const LEVEL = "io.modelcontextprotocol/logLevel";
const SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId";

const CLIENT = { name: "old client", version: "1" };
const CAPABILITIES = { elicitation: {}, sampling: {}, roots: { listChanged: true } };
const META = { [VERSION]: "2026-07-28", [INFO]: CLIENT, [ABLE]: CAPABILITIES };
const OFFER = {
  supportedVersions: ["2026-07-28"],
  capabilities: {
    tools: { listChanged: true },
    resources: { subscribe: true },
    logging: {},
    extensions: { "io.modelcontextprotocol/tasks": {} },
  },
  instructions: "Ask twice.",
  ttlMs: 1,
  cacheScope: "public",
  _meta: { "io.modelcontextprotocol/serverInfo": { name: "new server", version: "2" } },
};

/** How a server refuses that has no JSON-RPC error for it. */
function refused(status: number, message = String(status)): Promise<Json> {
  return Promise.reject(new ChannelFailure("refused", "http_status", message, { status }));
}

interface Rig extends FarEndRig {
  readonly clock: FakeClock;
  readonly memory: Map<string, unknown>;
}

function rigOf(
  serve: Serve,
  { protocol = "auto", idle = 300_000, remembered = undefined as unknown } = {},
): Rig {
  const clock = new FakeClock();
  const memory = new Map<string, unknown>(remembered === undefined ? [] : [["era", remembered]]);
  const rig = new FarEndRig((parts) =>
    new EraEnd({
      ...parts,
      clock,
      server: "mcp.example.com",
      memory: {
        get: (name) => Promise.resolve(memory.get(name)),
        put: (name, value) => Promise.resolve(void memory.set(name, value)),
      },
      protocol: protocol as "auto",
      idle,
    }, parts.events)
  );
  rig.serve = serve;
  return Object.assign(rig, { clock, memory });
}

/** A server that knows no handshake; `serve` has what else it does. */
function modern(serve: Serve = () => ({ result: { resultType: "complete" } }), offer: Json = OFFER): Serve {
  return (json, passed) => {
    if (json.params?._meta?.[VERSION] === undefined) {
      return { error: { code: -32022, message: "Unsupported protocol version", data: { supported: ["2026-07-28"] } } };
    }
    return json.method === "server/discover" ? { result: offer } : serve(json, passed);
  };
}

const LEGACY: Serve = ({ method }) =>
  method === "initialize"
    ? { result: { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "old", version: "1" } } }
    : { result: { old: true } };

function initialize(protocolVersion = "2025-11-25", capabilities: Json = CAPABILITIES): Json {
  return { id: "init", method: "initialize", params: { protocolVersion, capabilities, clientInfo: CLIENT } };
}

/** A rig whose session is open. */
async function opened(serve?: Serve, options: Parameters<typeof rigOf>[1] & { client?: Json } = {}): Promise<Rig> {
  const rig = rigOf(modern(serve), options);
  await rig.send(options.client ?? initialize());
  await rig.send({ method: "notifications/initialized" });
  return rig;
}

const CALL = { id: 1, method: "tools/call", params: { name: "x", arguments: { big: 1 } } };

describe("a client of the handshake's era", () => {
  test("is served in its era by a server that knows it, and nothing else is asked", async () => {
    const rig = rigOf(LEGACY);
    await rig.send(initialize());
    await rig.send({ method: "notifications/initialized" });
    const text =
      '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name":"x", "n": 12345678901234567890}}';
    await rig.send(text);
    expect(rig.passed.map(({ json }) => json.method)).toEqual([
      "initialize",
      "notifications/initialized",
      "tools/call",
    ]);
    expect(rig.passed[2]!.text).toBe(text);
    expect(rig.memory.size).toBe(0);
  });

  test("gets what server/discover says as the answer to its initialize", async () => {
    const rig = await opened();
    expect(rig.answersTo("init")).toEqual([{
      jsonrpc: "2.0",
      id: "init",
      result: {
        protocolVersion: "2025-11-25",
        capabilities: { tools: { listChanged: true }, resources: { subscribe: true }, logging: {} },
        serverInfo: { name: "new server", version: "2" },
        instructions: "Ask twice.",
      },
    }]);
    expect(rig.memory.get("era")).toBe("modern");
  });

  test.each([
    ["2024-11-05", "2024-11-05"],
    ["2025-03-26", "2025-03-26"],
    ["2025-06-18", "2025-06-18"],
    ["1999-01-01", "2025-11-25"],
    ["2026-07-28", "2025-11-25"],
  ])("that speaks %s is spoken to in %s", async (asked, spoken) => {
    const rig = await opened(undefined, { client: initialize(asked) });
    expect(rig.answersTo("init")[0]!.result.protocolVersion).toBe(spoken);
  });

  test.each([
    [{ code: -32022, message: "Unsupported protocol version" }],
    [{ code: -32020, message: "Missing MCP-Protocol-Version header" }],
    [{ code: -32021, message: "Missing capability" }],
    [{ code: -32601, message: "Method not found" }],
    [{ code: -32602, message: "Missing _meta" }],
  ])("is translated for a server that meets its handshake with %j", async (error) => {
    const rig = rigOf((json) => json.method === "initialize" ? { error } : { result: OFFER });
    await rig.send(initialize());
    expect(rig.answersTo("init")[0]!.result.serverInfo.name).toBe("new server");
  });

  test("is translated for a server that agrees to a revision without a handshake", async () => {
    const rig = rigOf(({ method }) =>
      method === "initialize" ? { result: { protocolVersion: "2026-07-28", capabilities: {} } } : { result: OFFER }
    );
    await rig.send(initialize());
    expect(rig.answersTo("init").map(({ result }) => result.protocolVersion)).toEqual(["2025-11-25"]);
  });

  test("is asked for once more in the revision that the server names, if that is one spoken here", async () => {
    for (const [supported, asked] of [[["2026-07-28", "2099-01-01"], 2], [["2099-01-01"], 1], ["2026-07-28", 1]]) {
      const error = { code: -32022, message: "Unsupported protocol version", data: { supported } };
      let refusals = 2;
      const rig = rigOf(() => refusals-- > 0 ? { error } : { result: OFFER });
      await rig.send(initialize());
      const questions = rig.all("server/discover");
      expect(questions).toHaveLength(asked as number);
      expect(rig.answersTo("init").map(({ result }) => result !== undefined)).toEqual([asked === 2]);
      for (const { json } of questions) expect(json.params._meta).toEqual(META);
      expect(new Set(questions.map(({ json }) => json.id)).size).toBe(questions.length);
    }
  });

  test.each([400, 404, 405])("is translated for a server that has no word for its handshake but %d", async (status) => {
    const rig = rigOf(({ method }) => method === "initialize" ? refused(status) : { result: OFFER });
    await rig.send(initialize());
    expect(rig.answersTo("init").map(({ result }) => result.serverInfo.name)).toEqual(["new server"]);
    expect(rig.passed.map(({ json }) => json.method)).toEqual(["initialize", "server/discover"]);
    expect(rig.memory.get("era")).toBe("modern");
  });

  test.each<[string, Serve]>([
    ["an error", () => ({ error: { code: -32601, message: "Method not found" } })],
    ["a status", () => refused(404)],
    ["nothing that speaks the revision", () => ({ result: { ...OFFER, supportedVersions: ["2099-01-01"] } })],
    ["silence", () => undefined],
    ["a broken connection", () => Promise.reject(new ChannelFailure("broken", "unreachable", "nobody is there"))],
  ])("fails as it was refused, with 404, by a server that says %s to server/discover", async (_, serve) => {
    const rig = rigOf((json, passed) => json.method === "initialize" ? refused(404, "mine") : serve(json, passed));
    await expect(rig.send(initialize())).rejects.toThrow("mine");
    expect(rig.all("server/discover")).toHaveLength(1);
    expect(rig.handed).toEqual([]);
    expect(rig.memory.size).toBe(0);
  });

  test("asks a server that is remembered no second time before it fails", async () => {
    const rig = rigOf(() => refused(404), { remembered: "modern" });
    await expect(rig.send(initialize())).rejects.toThrow("404");
    expect(rig.passed.map(({ json }) => json.method)).toEqual(["server/discover", "initialize"]);
  });

  test.each(
    [
      ...[401, 403, 406, 429, 500, 503].map((status) => ["refused", "http_status", status] as const),
      ["broken", "timed_out", undefined],
      ["sign_in_required", "sign_in_required", 401],
    ] as const,
  )("fails at once by a server in trouble, or one that wants credentials: %s, %s, %s", async (...how) => {
    const [kind, code, status] = how;
    const failure = new ChannelFailure(kind, code, "no", status === undefined ? {} : { status });
    const rig = rigOf(() => Promise.reject(failure));
    expect(await rig.send(initialize()).catch((reason) => reason)).toBe(failure);
    expect(rig.passed).toHaveLength(1);
  });

  test.each([
    ["another error", { code: -32603, message: "Internal error" }, OFFER],
    ["an error of the handshake's era", { code: -32000, message: "No session" }, OFFER],
    ["garbage for an offer", { code: -32601, message: "Method not found" }, { supportedVersions: "all" }],
    ["versions that do not exist", { code: -32601, message: "Method not found" }, {
      ...OFFER,
      supportedVersions: ["2099-01-01"],
    }],
    ["an offer without capabilities", { code: -32601, message: "Method not found" }, {
      supportedVersions: ["2026-07-28"],
    }],
  ])("gets the server's own refusal where that comes with %s", async (_, error, offer) => {
    const rig = rigOf(({ method }) => method === "initialize" ? { error } : { result: offer });
    await rig.send(initialize());
    expect(rig.answersTo("init")).toMatchObject([{ error }]);
  });

  test.each([-32_020, -32_021, -32_022])(
    "is told what is wrong with a server that wants none, %d, and offers nothing",
    async (code) => {
      for (const offer of [{}, [], { ...OFFER, supportedVersions: ["2099-01-01"] }]) {
        const error = { code, message: "Unsupported" };
        const rig = rigOf(({ method }) => method === "initialize" ? { error } : { result: offer });
        await rig.send(initialize());
        const [answer] = rig.answersTo("init") as [Json];
        expect(answer.error.data).toMatchObject({ code: "bad_answer", server: "mcp.example.com" });
        for (const part of ['"Unsupported"', "server/discover", "2025-11-25", "2026-07-28"]) {
          expect(answer.error.message).toContain(part);
        }
      }
    },
  );

  test("hears of a server that is not there by the failure of its handshake, and nothing is concluded from that", async () => {
    const failure = new ChannelFailure("broken", "unreachable", "nobody is there");
    const rig = rigOf(() => Promise.reject(failure));
    const thrown: unknown = await rig.send(initialize()).catch((reason) => reason);
    expect(thrown).toBe(failure);
    expect(rig.passed).toHaveLength(1);
  });

  test("is asked for by discover at once where the era is remembered, and by its handshake where that has changed", async () => {
    const known = rigOf(modern(), { remembered: "modern" });
    await known.send(initialize());
    expect(known.passed.map(({ json }) => json.method)).toEqual(["server/discover"]);
    const changed = rigOf(LEGACY, { remembered: "modern" });
    await changed.send(initialize());
    expect(changed.passed.map(({ json }) => json.method)).toEqual(["server/discover", "initialize"]);
    expect(changed.answersTo("init")[0]!.result.serverInfo.name).toBe("old");
    expect(changed.memory.get("era")).toBe("legacy");
  });

  test("follows a server from era to era by what it saw last, whatever is remembered", async () => {
    const rig = rigOf(modern(), { remembered: "legacy" });
    // Nothing that is put reaches a disk that is full.
    rig.memory.set = () => rig.memory;
    for (const serve of [modern(), LEGACY, modern(), LEGACY]) {
      const before = rig.passed.length;
      rig.serve = serve;
      await rig.send(initialize());
      expect(rig.answersTo("init").at(-1)!.result.serverInfo.name).toBe(serve === LEGACY ? "old" : "new server");
      // A session of the handshake's era is left by a handshake alone.
      const expected = serve === LEGACY ? ["server/discover", "initialize"] : ["initialize", "server/discover"];
      expect(rig.passed.slice(before).map(({ json }) => json.method)).toEqual(expected);
    }
  });

  test("--protocol legacy translates nothing, and modern does without a handshake", async () => {
    const legacy = rigOf(modern(), { protocol: "legacy" });
    await legacy.send(initialize());
    expect(legacy.answersTo("init")[0]!.error.code).toBe(-32022);
    const strict = rigOf(modern(), { protocol: "modern" });
    await strict.send(initialize());
    expect(strict.passed.map(({ json }) => json.method)).toEqual(["server/discover"]);
    expect(strict.memory.size).toBe(0);
    const old = rigOf(LEGACY, { protocol: "modern" });
    await old.send(initialize());
    expect(old.answersTo("init")[0]!.error.data.hint).toContain("--protocol");
  });
});

describe("a translated request", () => {
  test("says who sends it, and every other byte of it stays", async () => {
    const rig = await opened();
    await rig.send('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x", "n":12345678901234567890}}');
    const { json, text } = rig.passed.at(-1)!;
    expect(json.params._meta).toEqual(META);
    expect(text).toContain('"name":"x", "n":12345678901234567890}}');
    await rig.send({ id: 8, method: "tools/list" });
    expect(rig.passed.at(-1)!.json.params._meta).toEqual(META);
    await rig.send({ id: 9, method: "tools/call", params: { name: "x", _meta: { progressToken: "p", own: 1 } } });
    expect(rig.passed.at(-1)!.json.params._meta).toEqual({ ...META, progressToken: "p", own: 1 });
  });

  test("is answered as the server answers it, what the era added included", async () => {
    const result = { content: [], resultType: "complete", ttlMs: 5 };
    const rig = await opened(() => ({ result }));
    await rig.send(CALL);
    expect(rig.handed.at(-1)).toMatchObject({ json: { id: 1, result }, causedBy: "1" });
  });

  test("has the code that its era gave to a resource which is not there", async () => {
    const error = { code: -32602, message: "Resource not found", data: { uri: "a:b" } };
    const rig = await opened(() => ({ error }));
    await rig.send({ id: 1, method: "resources/read", params: { uri: "a:b" } });
    await rig.send({ ...CALL, id: 2 });
    expect(rig.answersTo(1)).toMatchObject([{ error: { ...error, code: -32002 } }]);
    expect(rig.answersTo(2)).toMatchObject([{ error }]);
  });

  test("whose answer its era has no word for gets an error that says so", async () => {
    const rig = await opened(() => ({ result: { resultType: "task", taskId: "t" } }));
    await rig.send(CALL);
    expect(rig.answersTo(1)[0]!.error.message).toContain('"task"');
    expect(rig.answersTo(1)).toHaveLength(1);
  });

  test("that is sent again goes under another id, and is answered under its own", async () => {
    const rig = await opened();
    const failure = new ChannelFailure("broken", "outcome_unknown", "cut", { mayHaveRun: true });
    rig.serve = modern(() => Promise.reject(failure));
    const { composeMessage } = await import("../../../../src/transport/message.ts");
    const list = composeMessage({ id: 5, method: "tools/list" });
    await expect(Promise.resolve(rig.far.send(list))).rejects.toBe(failure);
    rig.serve = modern();
    await rig.far.send(list);
    const [first, second] = rig.all("tools/list");
    expect(first!.json.id).toBe(5);
    expect(second!.json.id).not.toBe(5);
    expect(rig.answersTo(5)).toHaveLength(1);
  });

  test("ping finds out whether the server lives", async () => {
    const rig = await opened();
    await rig.send({ id: 1, method: "ping" });
    expect(rig.answersTo(1)).toMatchObject([{ result: {} }]);
    expect(rig.all("server/discover")).toHaveLength(2);
    expect(rig.all("ping")).toEqual([]);
  });

  test("logging/setLevel is remembered, and each request says it", async () => {
    const rig = await opened();
    await rig.send(CALL);
    await rig.send({ id: 2, method: "logging/setLevel", params: { level: "warning" } });
    await rig.send({ ...CALL, id: 3 });
    await rig.send({ id: 4, method: "logging/setLevel", params: { level: "loud" } });
    expect(rig.answersTo(2)).toMatchObject([{ result: {} }]);
    expect(rig.answersTo(4)).toMatchObject([{ error: { code: -32602 } }]);
    expect(rig.all("tools/call").map(({ json }) => json.params._meta[LEVEL])).toEqual([undefined, "warning"]);
    expect(rig.all("logging/setLevel")).toEqual([]);
  });

  test("logging/setLevel is no method of a server that logs nothing", async () => {
    const rig = rigOf(modern(undefined, { ...OFFER, capabilities: {} }));
    await rig.send(initialize());
    await rig.send({ id: 1, method: "logging/setLevel", params: { level: "info" } });
    await rig.send({ id: 2, method: "resources/subscribe", params: { uri: "a:b" } });
    for (const id of [1, 2]) expect(rig.answersTo(id)).toMatchObject([{ error: { code: -32601 } }]);
  });

  test("nothing of what the era has no word for reaches the server", async () => {
    const rig = await opened();
    const before = rig.passed.length;
    await rig.send({ method: "notifications/roots/list_changed" });
    await rig.send({ method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
    await rig.send({ method: "notifications/cancelled", params: { requestId: 1 } });
    await rig.send({ id: 99, result: {} });
    expect(rig.passed).toHaveLength(before);
  });

  test("of a server that wants a handshake all of a sudden meets a lost session, which is made again in the other era", async () => {
    const rig = await opened();
    rig.serve = ({ method }) =>
      method === "initialize"
        ? LEGACY({ method }, undefined as never)
        : { error: { code: -32000, message: "No session" } };
    const thrown: unknown = await rig.send(CALL).catch((reason) => reason);
    expect(thrown).toMatchObject({ kind: "session_lost", mayHaveRun: false });
    await rig.send({ ...initialize(), id: "again" });
    expect(rig.answersTo("again")[0]!.result.serverInfo.name).toBe("old");
  });

  test("of a server that only uses that code is answered with it", async () => {
    const rig = await opened(() => ({ error: { code: -32000, message: "Out of paper" } }));
    await rig.send(CALL);
    expect(rig.answersTo(1)).toMatchObject([{ error: { code: -32000, message: "Out of paper" } }]);
  });
});

describe("a server waits while the client is behind with", () => {
  /** What the server was asked to wait for by what it said last. */
  function lastWait(rig: Rig): Promise<void> | undefined {
    return rig.waits.at(-1);
  }

  test("an answer that is translated", async () => {
    const rig = await opened();
    await rig.send(CALL);
    expect(lastWait(rig)).toBeUndefined();
    rig.behind = new Promise(() => {});
    await rig.send({ ...CALL, id: 2 });
    expect(lastWait(rig)).toBe(rig.behind);
  });

  test("the first answer to a client without a handshake", async () => {
    const rig = rigOf(modern());
    rig.behind = new Promise(() => {});
    await rig.send({ ...CALL, params: { ...CALL.params, _meta: META } });
    expect(rig.answersTo(1)).toHaveLength(1);
    expect(lastWait(rig)).toBe(rig.behind);
  });

  test("news of a subscription that the client did not make itself", async () => {
    const rig: Rig = await opened((json) => json.method === "subscriptions/listen" ? undefined : { result: {} });
    const [{ json }] = rig.all("subscriptions/listen") as [Passed];
    rig.behind = new Promise(() => {});
    const _meta = { [SUBSCRIPTION]: json.id };
    rig.say({ method: "notifications/resources/updated", params: { uri: "a:b", _meta } });
    expect(rig.handed.at(-1)!.json).toMatchObject({
      method: "notifications/resources/updated",
      params: { uri: "a:b" },
    });
    expect(lastWait(rig)).toBe(rig.behind);
  });
});

describe("what a server wants to know before it goes on", () => {
  const FORM = { method: "elicitation/create", params: { mode: "form", message: "Who?", requestedSchema: {} } };
  const SAMPLE = { method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } };
  const ROOTS = { method: "roots/list" };

  /** A server that asks once, and gives back what it was answered. */
  function asking(inputRequests: Json | undefined, requestState?: string): Serve {
    return ({ params }) => {
      const isAnswered = params.inputResponses !== undefined || params.requestState !== undefined;
      if (isAnswered) return { result: { resultType: "complete", got: [params.inputResponses, params.requestState] } };
      return {
        result: {
          resultType: "input_required",
          ...(inputRequests === undefined ? {} : { inputRequests }),
          ...(requestState === undefined ? {} : { requestState }),
        },
      };
    };
  }

  /** Answers what the client is asked. */
  function person(rig: Rig, answers: Record<string, Json>): void {
    rig.onhanded = ({ id, method }) => {
      if (id !== undefined && answers[method] !== undefined) {
        queueMicrotask(() => void rig.send({ id, ...answers[method] }));
      }
    };
  }

  test("is put to the client as requests, and goes back under a new id with the server's own state", async () => {
    const state = 'opaque "\\u00e4" \u2028';
    const rig = await opened(asking({ a: FORM, 'b "c"': SAMPLE, d: ROOTS }, state));
    person(rig, {
      "elicitation/create": { result: { action: "accept", content: { n: 1 } } },
      "sampling/createMessage": { result: { role: "assistant", model: "m", content: {} } },
      "roots/list": { result: { roots: [] } },
    });
    await rig.send(CALL);
    await settle();
    expect(rig.answersTo(1)).toMatchObject([{
      result: {
        got: [{
          a: { action: "accept", content: { n: 1 } },
          'b "c"': { role: "assistant", model: "m", content: {} },
          d: { roots: [] },
        }, state],
      },
    }]);
    const asked = rig.handed.map(({ json }) => json).filter(({ id, method }) =>
      id !== undefined && method !== undefined
    );
    expect(asked.map(({ method, params }) => ({ method, params }))).toEqual([FORM, SAMPLE, { ...ROOTS, params: {} }]);
    const [first, second] = rig.all("tools/call");
    expect(second!.json.id).not.toEqual(first!.json.id);
    expect(second!.json.params.arguments).toEqual(CALL.params.arguments);
    expect(second!.json.params._meta).toEqual(META);
  });

  test("may be nothing but a state, which goes back at once", async () => {
    const rig = await opened(asking(undefined, "s"));
    await rig.send(CALL);
    expect(rig.answersTo(1)).toMatchObject([{ result: { got: [null, "s"] } }]);
  });

  test("leaves each round's stream with the client's request", async () => {
    const answer = asking(undefined, "s");
    const rig: Rig = await opened((json, passed) => {
      rig.say({ method: "notifications/message", params: { level: "info", data: 1 } }, JSON.stringify(json.id));
      return answer(json, passed);
    });
    await rig.send({ ...CALL, id: "mine" });
    expect(new Set(rig.all("tools/call").map(({ json }) => json.id)).size).toBe(2);
    const news = rig.handed.filter(({ json }) => json.method === "notifications/message");
    expect(news.map(({ causedBy }) => causedBy)).toEqual(['"mine"', '"mine"']);
  });

  test("is asked on the stream of the client's request, and withdrawn there", async () => {
    const rig = await opened(asking({ a: ROOTS }));
    const abort = new AbortController();
    const call = rig.send({ ...CALL, id: "mine" }, { abort }).catch(() => {});
    await settle();
    abort.abort(new BridgeError("closing", "given up"));
    await call;
    const asked = rig.handed.filter(({ json }) => ["roots/list", "notifications/cancelled"].includes(json.method));
    expect(asked.map(({ json, causedBy }) => [json.method, causedBy])).toEqual([
      ["roots/list", '"mine"'],
      ["notifications/cancelled", '"mine"'],
    ]);
  });

  test("goes back without a state where there was none", async () => {
    const rig = await opened(asking({ a: ROOTS }));
    person(rig, { "roots/list": { result: { roots: [] } } });
    await rig.send(CALL);
    await settle();
    expect(rig.all("tools/call").at(-1)!.json.params).not.toHaveProperty("requestState");
    expect(rig.answersTo(1)).toHaveLength(1);
  });

  test("may be a page to visit, which clients from 2025-11-25 on name by an id", async () => {
    const url = { method: "elicitation/create", params: { mode: "url", url: "https://a.example/", message: "Pay" } };
    const client = initialize("2025-11-25", { elicitation: { form: {}, url: {} } });
    const rig = await opened(asking({ a: url }), { client });
    person(rig, { "elicitation/create": { result: { action: "accept" } } });
    await rig.send(CALL);
    await settle();
    const asked = rig.handed.find(({ json }) => json.method === "elicitation/create")!.json;
    expect(asked.params).toEqual({ ...url.params, elicitationId: expect.any(String) });
    expect(rig.answersTo(1)[0]!.result).toBeDefined();
  });

  test.each([
    ["sampling that was not offered", initialize("2025-11-25", { elicitation: {} }), SAMPLE],
    ["roots that were not offered", initialize("2025-11-25", {}), ROOTS],
    ["forms that were not offered", initialize("2025-11-25", {}), FORM],
    ["forms of a client that opens pages alone", initialize("2025-11-25", { elicitation: { url: {} } }), FORM],
    [
      "pages of a client that fills in forms alone",
      initialize("2025-11-25", { elicitation: { form: {} } }),
      { method: "elicitation/create", params: { mode: "url" } },
    ],
    [
      "pages of a client that is too old for them",
      initialize("2025-06-18", { elicitation: { url: {} } }),
      { method: "elicitation/create", params: { mode: "url" } },
    ],
    ["something that nobody knows", initialize(), { method: "evil/run", params: {} }],
    ["something that is no request", initialize(), 7],
    ["a deeper request", initialize(), { method: { method: "roots/list" } }],
  ])("and may not is refused: %s", async (_, client, request) => {
    const rig = await opened(asking({ a: request }), { client });
    await rig.send(CALL);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "bad_answer" } } }]);
    expect(rig.handed.filter(({ json }) => json.method !== undefined)).toEqual([]);
    await rig.send({ id: 2, method: "ping" });
    expect(rig.answersTo(2)).toMatchObject([{ result: {} }]);
  });

  test.each([[undefined], [{}], [[]], ["x"], [null]])("and is nothing is refused: %j", async (inputRequests) => {
    const rig = await opened(asking(inputRequests as Json));
    await rig.send(CALL);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "bad_answer" } } }]);
    expect(rig.all("tools/call")).toHaveLength(1);
  });

  test("and the client refuses ends the request with what the client said", async () => {
    const rig = await opened(asking({ a: SAMPLE, b: ROOTS }));
    person(rig, { "sampling/createMessage": { error: { code: -1, message: "User rejected" } } });
    await rig.send(CALL);
    await settle();
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "input_refused" } } }]);
    expect(rig.answersTo(1)[0]!.error.message).toContain("User rejected");
    // What else was asked for is wanted no more.
    expect(rig.handed.some(({ json }) => json.method === "notifications/cancelled")).toBe(true);
  });

  test("again and again ends the request", async () => {
    const rig = await opened(() => ({ result: { resultType: "input_required", requestState: "s" } }));
    await rig.send(CALL);
    expect(rig.all("tools/call")).toHaveLength(11);
    expect(rig.answersTo(1)).toMatchObject([{ error: { data: { code: "bad_answer" } } }]);
  });

  test("is asked for no more once the client gives the request up", async () => {
    const rig = await opened(asking({ a: FORM }));
    const abort = new AbortController();
    const sent = rig.send(CALL, { abort }).catch((reason) => reason);
    await settle();
    const reason = new BridgeError("closing", "given up");
    abort.abort(reason);
    expect(await sent).toBe(reason);
    const [asked, withdrawn] = rig.handed.map(({ json }) => json).filter(({ method }) => method !== undefined);
    expect(withdrawn).toMatchObject({ method: "notifications/cancelled", params: { requestId: asked!.id } });
    expect(rig.answersTo(1)).toEqual([]);
  });

  test("keeps the request alive for as long as a person takes", async () => {
    const rig = await opened(asking({ a: FORM }));
    let signs = 0;
    void rig.send(CALL, { onactivity: () => signs++ });
    await settle();
    await rig.clock.pass(300_000);
    expect(signs).toBeGreaterThanOrEqual(10);
  });
});

describe("news", () => {
  /** A server that listens; each stream is in the test's hands. */
  function listening(): {
    serve: Serve;
    streams: { id: unknown; filter: Json; end: (answer?: Json) => void; passed: Passed }[];
  } {
    const streams: { id: unknown; filter: Json; end: (answer?: Json) => void; passed: Passed }[] = [];
    const serve: Serve = (json, passed) => {
      if (json.method !== "subscriptions/listen") return { result: {} };
      return new Promise<Json | undefined>((resolve) => {
        streams.push({ id: json.id, filter: json.params.notifications, end: resolve, passed });
      });
    };
    return { serve, streams };
  }

  function acknowledge(rig: Rig, id: unknown): void {
    rig.say({ method: "notifications/subscriptions/acknowledged", params: { _meta: { [SUBSCRIPTION]: id } } });
  }

  test("of all lists that promise some come on one stream, in the words of the handshake's era", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    expect(streams.map(({ filter }) => filter)).toEqual([{ toolsListChanged: true }]);
    const { id } = streams[0]!;
    acknowledge(rig, id);
    rig.say({ method: "notifications/tools/list_changed", params: { _meta: { [SUBSCRIPTION]: id, own: 1 } } });
    expect(rig.handed.slice(1).map(({ json }) => json)).toEqual([
      { jsonrpc: "2.0", method: "notifications/tools/list_changed", params: { _meta: { own: 1 } } },
    ]);
  });

  test("of a resource come once the server has agreed, and the stream before ends then", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    acknowledge(rig, streams[0]!.id);
    void rig.send({ id: 1, method: "resources/subscribe", params: { uri: "a:b" } });
    await settle();
    expect(streams[1]!.filter).toEqual({ toolsListChanged: true, resourceSubscriptions: ["a:b"] });
    expect(rig.answersTo(1)).toEqual([]);
    expect(streams[0]!.passed.options.abort!.signal.aborted).toBe(false);
    acknowledge(rig, streams[1]!.id);
    await settle();
    expect(rig.answersTo(1)).toMatchObject([{ result: {} }]);
    expect(streams[0]!.passed.options.abort!.signal.aborted).toBe(true);
    void rig.send({ id: 2, method: "resources/unsubscribe", params: { uri: "a:b" } });
    await settle();
    acknowledge(rig, streams[2]!.id);
    await settle();
    expect(streams[2]!.filter).toEqual({ toolsListChanged: true });
    expect(rig.answersTo(2)).toMatchObject([{ result: {} }]);
    expect(rig.handed.filter(({ json }) => json.method !== undefined)).toEqual([]);
  });

  test("of a stream that ended are asked for again, and the lists are read anew", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    acknowledge(rig, streams[0]!.id);
    await settle();
    streams[0]!.end({ result: {} });
    await rig.clock.pass(1_000);
    expect(streams).toHaveLength(2);
    acknowledge(rig, streams[1]!.id);
    await settle();
    expect(rig.handed.at(-1)!.json).toEqual({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
  });

  test("are asked for ever more seldom where the stream ends each time", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve, { idle: 0 });
    for (let tried = 0; tried < 12; tried++) {
      streams.at(-1)!.end();
      await rig.clock.pass(400_000);
    }
    expect(streams).toHaveLength(13);
    streams.at(-1)!.end();
    await rig.clock.pass(100_000);
    expect(streams).toHaveLength(13);
  });

  test("on a stream that is silent for long come on another one, and one that is not stays", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    acknowledge(rig, streams[0]!.id);
    for (let minute = 0; minute < 20; minute++) {
      await rig.clock.pass(60_000);
      streams[0]!.passed.options.onactivity!();
    }
    expect(streams).toHaveLength(1);
    await rig.clock.pass(301_000);
    expect(streams).toHaveLength(2);
    expect(streams[0]!.passed.options.abort!.signal.aborted).toBe(false);
    acknowledge(rig, streams[1]!.id);
    await settle();
    expect(streams[0]!.passed.options.abort!.signal.aborted).toBe(true);
    expect(rig.handed.filter(({ json }) => json.method !== undefined)).toEqual([]);
  });

  test("are asked for ever more seldom where the server agrees and ends the stream at once", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve, { idle: 0 });
    for (let tried = 0; tried < 12; tried++) {
      acknowledge(rig, streams.at(-1)!.id);
      await settle();
      streams.at(-1)!.end();
      await rig.clock.pass(400_000);
    }
    streams.at(-1)!.end();
    await rig.clock.pass(100_000);
    expect(streams).toHaveLength(13);
  });

  test("of two resources that are asked for at once are agreed to by the stream for both", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    for (const [id, uri] of [[1, "a:b"], [2, "c:d"]] as const) {
      void rig.send({ id, method: "resources/subscribe", params: { uri } });
      await settle();
    }
    expect(streams.at(-1)!.filter).toEqual({ toolsListChanged: true, resourceSubscriptions: ["a:b", "c:d"] });
    acknowledge(rig, streams.at(-1)!.id);
    await settle();
    for (const id of [1, 2]) expect(rig.answersTo(id)).toMatchObject([{ result: {} }]);
  });

  test("of a resource to which the server never agrees are an error, and are asked for again", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    const subscribed = rig.send({ id: 1, method: "resources/subscribe", params: { uri: "a:b" } });
    await settle();
    streams.at(-1)!.end({ result: {} });
    await expect(subscribed).rejects.toMatchObject({ kind: "refused", code: "bad_answer" });
    await rig.clock.pass(1_000);
    expect(streams).toHaveLength(3);
  });

  test("that the server refuses after it agreed to them say that it may be another one now", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    streams[0]!.end({ error: { code: -32603, message: "Too many" } });
    await rig.clock.pass(1_000);
    expect(rig.losses).toBe(0);
    const other = await opened(serve);
    acknowledge(other, streams[1]!.id);
    await settle();
    streams[1]!.end({ error: { code: -32000, message: "No session" } });
    await other.clock.pass(1_000);
    expect(other.losses).toBe(1);
  });

  test("that the server does not have are asked for once, and a subscription to them fails", async () => {
    const rig = await opened(({ method }) =>
      method === "subscriptions/listen" ? { error: { code: -32601, message: "Method not found" } } : { result: {} }
    );
    await rig.clock.pass(1_000_000);
    expect(rig.all("subscriptions/listen")).toHaveLength(1);
    const subscribed = rig.send({ id: 1, method: "resources/subscribe", params: { uri: "a:b" } });
    await expect(subscribed).rejects.toThrow("Method not found");
  });

  test("that are refused are told without what a terminal would obey", async () => {
    const rig = await opened(({ method }) =>
      method === "subscriptions/listen"
        ? { error: { code: -32000, message: "no\u001b]0;x\u0007\u009b31m\n" } }
        : { result: {} }
    );
    await rig.clock.pass(1_000);
    const texts = rig.notices.map(({ text }) => text).join("");
    expect(texts).toContain(
      String.raw`no news from the server: the server does not let us listen: "no\u001b]0;x\u0007`,
    );
    expect(texts).not.toMatch(/\p{Cc}/u);
  });

  test("that nobody waits for any more are no news to a person", async () => {
    const rig = await opened(listening().serve);
    await rig.far.close(0);
    await settle();
    expect(rig.notices.filter(({ level }) => level !== "debug")).toEqual([]);
  });

  test("end with the session", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    acknowledge(rig, streams[0]!.id);
    await rig.far.close(0);
    expect(streams[0]!.passed.options.abort!.signal.aborted).toBe(true);
    await rig.clock.pass(1_000_000);
    expect(streams).toHaveLength(1);
  });

  test("come on a new stream after the machine slept", async () => {
    const { serve, streams } = listening();
    const rig = await opened(serve);
    acknowledge(rig, streams[0]!.id);
    rig.far.reconnect();
    await settle();
    expect(streams).toHaveLength(2);
    expect(streams[0]!.passed.options.abort!.signal.aborted).toBe(true);
  });
});

describe("a client without a handshake", () => {
  const REQUEST = { id: 1, method: "tools/list", params: { _meta: META } };

  test("and a server of its era are left to each other", async () => {
    const result = { resultType: "task", taskId: 1, anything: "else" };
    const rig = rigOf(modern(() => ({ result })));
    const text = `{"jsonrpc":"2.0", "id":1, "method":"tools/call", "params":{"_meta":${
      JSON.stringify(META)
    }, "n":1e400}}`;
    await rig.send(text);
    expect(rig.passed.at(-1)!.text).toBe(text);
    expect(rig.answersTo(1)).toMatchObject([{ result }]);
    await rig.send({ ...REQUEST, id: 2, method: "subscriptions/listen" });
    rig.say({ method: "notifications/tools/list_changed", params: { _meta: { [SUBSCRIPTION]: 2 } } }, "2");
    expect(rig.handed.at(-1)!.json.params._meta).toEqual({ [SUBSCRIPTION]: 2 });
  });

  test("that is started twice is answered the second time by what the first has learnt, for a minute, and once", async () => {
    const question = { ...REQUEST, method: "server/discover" };
    const first = rigOf(modern());
    await first.send(question);
    expect(first.answersTo(1)).toMatchObject([{ result: OFFER }]);
    const second = rigOf(modern(undefined, { ...OFFER, instructions: "later" }));
    second.memory.set("discover", first.memory.get("discover"));
    await second.send(
      '{"jsonrpc":"2.0","id":7,"method":"server/discover","params":{"_meta":' + JSON.stringify(META) + "}}",
    );
    expect(second.passed).toEqual([]);
    expect(second.answersTo(7)).toEqual([{ jsonrpc: "2.0", id: 7, result: OFFER }]);
    await second.send({ ...question, id: 8 });
    expect(second.answersTo(8)).toMatchObject([{ result: { instructions: "later" } }]);
    const third = rigOf(modern());
    third.memory.set("discover", first.memory.get("discover"));
    await third.clock.pass(61_000);
    await third.send(question);
    expect(third.passed).toHaveLength(1);
  });

  test.each([
    [{ at: 0, result: "{" }],
    [{ at: 0, result: "[]" }],
    [{ at: 0, result: { supportedVersions: [] } }],
    [{ at: "now", result: "{}" }],
    ["{}"],
    [null],
  ])("is not answered by what no run has learnt: %j", async (kept) => {
    const rig = rigOf(modern());
    rig.memory.set("discover", kept);
    await rig.send({ ...REQUEST, method: "server/discover" });
    expect(rig.answersTo(1)).toMatchObject([{ result: OFFER }]);
  });

  test("falls back by the server's own answer to server/discover", async () => {
    const error = { code: -32000, message: "Bad Request: Server not initialized" };
    const rig = rigOf(({ method }) =>
      method === "server/discover" ? { error } : LEGACY({ method }, undefined as never)
    );
    await rig.send({ ...REQUEST, method: "server/discover" });
    expect(rig.answersTo(1)).toMatchObject([{ error }]);
    await rig.send(initialize());
    expect(rig.answersTo("init")[0]!.result.serverInfo.name).toBe("old");
  });

  test.each([
    ["an error", (): Json => ({ error: { code: -32000, message: "Server not initialized" } })],
    ["an error of another kit", (): Json => ({ error: { code: -32600, message: "Missing session ID" } })],
    ["an error that knows no session", (): Json => ({ error: { code: -32001, message: "Session not found" } })],
    ["a status", (): Promise<Json> => refused(400)],
  ])("and nothing else is told which revisions there are by a server that refuses it with %s", async (_, serve) => {
    const rig = rigOf(serve);
    await rig.send(REQUEST);
    const [{ error }] = rig.answersTo(1) as [Json];
    expect(error.data.code).toBe("era_mismatch");
    expect(error.message).toContain("2025-11-25");
    expect(error.message).toContain("2026-07-28");
    expect(rig.answersTo(1)).toHaveLength(1);
  });

  test.each([-32_000, -32_001, -32_600])("is told what a server of its era says, though it says %d", async (code) => {
    const error = { code, message: "Out of paper" };
    const rig = rigOf(modern(() => ({ error })));
    await rig.send(REQUEST);
    expect(rig.answersTo(1)).toMatchObject([{ error }]);
    expect(rig.all("server/discover")[0]!.json.params._meta).toEqual(META);
  });

  test("is told nothing of the kind by a server that is in trouble, or wants credentials", async () => {
    for (const status of [401, 403, 500, 503]) {
      const failure = new ChannelFailure("refused", "http_status", "no", { status });
      const rig = rigOf(() => Promise.reject(failure));
      expect(await rig.send(REQUEST).catch((reason) => reason)).toBe(failure);
    }
  });
});
