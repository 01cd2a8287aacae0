/** Servers that break the rules of their era, or leave it: one request is told what is wrong, and the next one works. */
import { describe, expect, test } from "bun:test";
import { EraMcp, META, MODERN, offer, type OneEra, refusal, type Refuse } from "../harness/era_mcp.ts";
import { Executable, type Message } from "../harness/executable.ts";
import { body, type Json, result } from "../harness/fake_mcp.ts";

const LEVEL = "io.modelcontextprotocol/logLevel";
const URI = "test://watched";

/** How a client speaks, and what kind of server it speaks to: both legacy, both modern, or a translation between. */
type Kind = "legacy" | "modern" | "translated";

/** What a client of the handshake's era has at a server of an era, and the era that is not that. */
const AT: Readonly<Record<OneEra, Kind>> = { legacy: "legacy", modern: "translated" };
const OTHER: Readonly<Record<OneEra, OneEra>> = { legacy: "modern", modern: "legacy" };

/** A client by hand at the executable, which asks one thing after the other. */
class Talk implements AsyncDisposable {
  readonly bridge: Executable;
  readonly #isModern: boolean;
  #asked = 0;

  constructor(bridge: Executable, isModern: boolean) {
    this.bridge = bridge;
    this.#isModern = isModern;
  }

  /** Begins at a server of the kind's own. */
  static async begin(kind: Kind, server: EraMcp): Promise<Talk> {
    const talk = new Talk(new Executable(server.url), kind === "modern");
    if (kind !== "modern") await talk.bridge.initialize();
    else await talk.ask("server/discover");
    return talk;
  }

  /** Asks for something and waits for the answer. */
  ask(method: string, params: Json = {}): Promise<Message> {
    const more = this.#isModern ? { _meta: META } : {};
    return this.bridge.request({ id: ++this.#asked, method, params: { ...params, ...more } });
  }

  /** Calls a tool. */
  call(name: string, args: Json = {}): Promise<Message> {
    return this.ask("tools/call", { name, arguments: args });
  }

  /** Leaves; each request must have had one answer, and the executable must have been well. */
  async end(): Promise<void> {
    this.bridge.endInput();
    expect(await this.bridge.exit(2_000)).toBe(0);
    await this.bridge.output.ended;
    const answers = this.bridge.output.items.map((line) => JSON.parse(line)).filter(({ method }) =>
      method === undefined
    );
    const ids = answers.map(({ id }) => id).filter((id) => id !== "initialize");
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: this.#asked }, (_, place) => place + 1));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.bridge[Symbol.asyncDispose]();
  }
}

function serverFor(kind: Kind): EraMcp {
  return new EraMcp(kind === "legacy" ? "legacy" : "modern");
}

/** The calls of a tool that the server carried out, by whether they came as 2026-07-28 has them. */
function carriedOut(server: EraMcp): string[] {
  const calls: string[] = [];
  server.on("tools/call", ({ message }) => {
    calls.push(`${message.params.name} ${message.params._meta === undefined ? "legacy" : "modern"}`);
    return undefined;
  });
  return calls;
}

/** What kits of the handshake's era say to a request that belongs to no session. */
const NO_SESSION: readonly [what: string, refuse: Refuse][] = [
  ["400 and -32000", () => refusal(400, -32_000, "Bad Request: Server not initialized", null)],
  ["400, -32600 and an id of its own", () => refusal(400, -32_600, "Bad Request: Missing session ID", "server-error")],
  ["404 and -32001", ({ id }) => refusal(404, -32_001, "Session not found", id)],
  ["400 and a text", () => body("Bad Request", "text/plain", 400)],
  ["404 and nothing", () => new Response(null, { status: 404 })],
];

/** Refusals without a word of JSON-RPC. */
const BARE: readonly [what: string, refuse: Refuse][] = [
  ["400 and a page", () => body("<html>Bad Request</html>", "text/html", 400)],
  ["404 and nothing", () => new Response(null, { status: 404 })],
  ["405 and nothing", () => new Response(null, { status: 405 })],
];

/** What servers of 2026-07-28 alone say to a request of a session. */
const NO_HANDSHAKE: readonly [what: string, refuse: Refuse][] = [
  ["400 and -32022", ({ id }) => refusal(400, -32_022, "Unsupported protocol version", id, { supported: [MODERN] })],
  ["400, -32022 and no id", () => refusal(400, -32_022, "Unsupported protocol version", null)],
  ["400 and -32020", ({ id }) => refusal(400, -32_020, "Missing Mcp-Method header", id)],
  ["400 and -32602", ({ id }) => refusal(400, -32_602, "Missing _meta", id)],
  ["404 and -32601", ({ id }) => refusal(404, -32_601, "Method not found", id)],
  ...BARE.filter(([what]) => !what.startsWith("405")),
];

describe("a server that becomes one of the other era keeps its client", () => {
  const ways = [
    ...NO_SESSION.map(([what, refuse]) => [`that says ${what} where a session is missing`, "legacy", refuse] as const),
    ...NO_HANDSHAKE.map(([what, refuse]) => [`that says ${what} to a session`, "modern", refuse] as const),
  ];
  const starts = ["legacy", "modern"] as const;
  const rows = ways.flatMap(([name, era, refuse]) => starts.map((start) => [name, start, era, refuse] as const));

  test.each(rows)("%s, and was %s first", async (_, start, era, refuse) => {
    using server = new EraMcp(start);
    server.refusals[era] = refuse;
    const calls = carriedOut(server);
    const other = OTHER[start];
    await using talk = await Talk.begin(AT[start], server);
    await talk.ask("logging/setLevel", { level: "warning" });
    await talk.ask("resources/subscribe", { uri: URI });
    for (const [place, now] of [start, other, start, other].entries()) {
      const before = server.seen.items.length;
      if (place > 0) server.become(now);
      expect((await talk.call(`call-${place}`)).result.echo.name).toBe(`call-${place}`);
      if (place === 0) continue;
      // The new session knows what the old one did.
      const { message } = await server.seen.find(({ message: seen }) => knowsUri(seen), before);
      expect(message!.method).toBe(now === "legacy" ? "resources/subscribe" : "subscriptions/listen");
      const level = now === "legacy"
        ? server.posted("logging/setLevel").at(-1)!.params.level
        : server.posted("tools/call").at(-1)!.params._meta[LEVEL];
      expect(level).toBe("warning");
    }
    expect(calls).toEqual([`call-0 ${start}`, `call-1 ${other}`, `call-2 ${start}`, `call-3 ${other}`]);
    await talk.end();
  });

  test.each(starts)("was %s, and many calls meet the change", async (start) => {
    using server = new EraMcp(start);
    const calls = carriedOut(server);
    await using talk = await Talk.begin(AT[start], server);
    server.become(OTHER[start]);
    const names = Array.from({ length: 50 }, (_, place) => `call-${place}`);
    const answers = await Promise.all(names.map((name) => talk.call(name)));
    expect(answers.map((answer) => answer.result?.echo.name)).toEqual(names);
    expect(calls).toHaveLength(names.length);
    await talk.end();
  });

  test.each(starts)("was %s, and is listened to again before anything is asked", async (start) => {
    using server = new EraMcp(start);
    await using talk = await Talk.begin(AT[start], server);
    for (const [place, next] of [OTHER[start], start, undefined].entries()) {
      server.sayUpdated(await server.streams.find(() => true, place), `test://${place}`);
      await talk.bridge.output.find((line) => line.includes(`"test://${place}"`));
      if (next === undefined) break;
      server.become(next);
      server.restart();
    }
    expect((await talk.call("x")).result.echo.name).toBe("x");
    await talk.end();
  });

  test("as far as a client of 2026-07-28 alone can be kept: it is told, and served again when the server is back", async () => {
    using server = new EraMcp("modern");
    await using talk = await Talk.begin("modern", server);
    server.become("legacy");
    expect((await talk.call("x")).error.message).toContain("Server not initialized");
    server.become("modern");
    expect((await talk.call("x")).result.echo.name).toBe("x");
    await talk.end();
  });
});

describe("a server of 2026-07-28 alone that has no word for a handshake", () => {
  test.each(BARE)("but %s, serves a client that makes one", async (_, refuse) => {
    using server = new EraMcp("modern");
    server.refusals.modern = refuse;
    await using talk = await Talk.begin("translated", server);
    expect((await talk.call("x")).result.echo.name).toBe("x");
    expect(server.posted("initialize")).toHaveLength(1);
    await talk.end();
  });

  test.each(BARE)("but %s, and none for server/discover either, is told as it was refused", async (_, refuse) => {
    using server = new EraMcp("modern");
    server.refusals.modern = refuse;
    server.on("server/discover", ({ message }) => refuse(message));
    await using bridge = new Executable(server.url);
    const { error } = await bridge.initialize();
    expect(error.data.code).toBe("http_status");
    expect(error.message).toContain(`the server answered ${refuse({}).status}`);
    expect(server.posted("server/discover")).toHaveLength(1);
  });
});

function knowsUri(message: Json | undefined): boolean {
  return message?.params?.uri === URI || message?.params?.notifications?.resourceSubscriptions?.includes(URI);
}

describe("a client of 2026-07-28 alone is told of both revisions by a server of the era before", () => {
  test.each(NO_SESSION)("that says %s where a session is missing", async (_, refuse) => {
    using server = new EraMcp("legacy");
    server.refusals.legacy = refuse;
    await using talk = new Talk(new Executable(server.url), true);
    for (const method of ["tools/list", "prompts/list"]) {
      const { error } = await talk.ask(method);
      expect(error.data.code).toBe("era_mismatch");
      expect(error.message).toContain("the server speaks MCP 2025-11-25 or earlier, and the client 2026-07-28 alone");
    }
    const { error } = await talk.ask("server/discover");
    expect(error.data?.code).not.toBe("era_mismatch");
    await talk.end();
  });
});

/** What a server may say to server/discover. */
const OFFERS: readonly [what: string, answer: (message: Json) => Response][] = [
  ["a page", () => body("<html>Welcome</html>", "text/html")],
  ["nothing", () => body("")],
  ["half of an answer", ({ id }) => body(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{`)],
  ["an empty result", (message) => result(message, {})],
  ["a list", (message) => Response.json({ jsonrpc: "2.0", id: message.id, result: [] })],
  ["a result of null", (message) => Response.json({ jsonrpc: "2.0", id: message.id, result: null })],
  ["versions as a text", (message) => result(message, offer(MODERN))],
  ["versions that are none", (message) => result(message, offer([null, 7, {}]))],
  ["versions that do not exist", (message) => result(message, offer(["2099-01-01", "2199-01-01"]))],
  ["capabilities that are none", (message) => result(message, { ...offer(), capabilities: "all" })],
  ["an error", ({ id }) => refusal(200, -32_603, "Internal error", id)],
  ["500", () => new Response(null, { status: 500 })],
];

describe("a server that wants no handshake and answers server/discover badly", () => {
  test.each(OFFERS)(
    "with %s, is named to a client that makes one, and serves it once it is mended",
    async (_, answer) => {
      using server = new EraMcp("modern");
      server.on("server/discover", ({ message }) => answer(message));
      await using bridge = new Executable(server.url);
      const { error } = await bridge.initialize();
      expect(error.data).toMatchObject({ code: "bad_answer", server: new URL(server.url).host });
      expect(error.message).toContain('refuses the handshake of MCP 2025-11-25, "Unsupported protocol version"');
      expect(error.message).toContain("server/discover offers no revision that is spoken here, 2026-07-28");
      server.on("server/discover", ({ message }) => result(message, offer()));
      const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "by-hand", version: "1" } };
      const again = await bridge.request({ id: "again", method: "initialize", params });
      expect(again.result.serverInfo.name).toBe("fake");
      const called = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
      expect(called.result.echo.name).toBe("x");
      expect(bridge.output.items.filter((line) => JSON.parse(line).id === "initialize")).toHaveLength(1);
    },
  );

  test.each(OFFERS)("with %s, is no reason to refuse a client that makes none", async (_, answer) => {
    using server = new EraMcp("modern");
    server.on("server/discover", ({ message }) => answer(message));
    await using talk = await Talk.begin("modern", server);
    expect((await talk.call("x")).result.echo.name).toBe("x");
    await talk.end();
  });
});

/** What a server wants to know before it goes on. */
function wants(message: Json, inputRequests: unknown, requestState?: string): Response {
  return result(message, { resultType: "input_required", inputRequests, requestState });
}

const FORM = { method: "elicitation/create", params: { mode: "form", message: "Who?", requestedSchema: {} } };
const PAGE = { method: "elicitation/create", params: { mode: "url", message: "Pay", url: "https://pay.example/" } };
const SAMPLE = { method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } };

/** How a call is answered, and what the client is told in which kind of session: a code, and words of the message. */
interface Fault {
  readonly name: string;
  readonly answer: (message: Json) => Response;
  readonly told: Partial<Record<Kind, readonly [code: string | number, words: string]>>;
}

function inEach(...told: readonly [code: string | number, words: string]): Fault["told"] {
  return { legacy: told, modern: told, translated: told };
}

const FAULTS: readonly Fault[] = [
  {
    name: "a model that the client never offered",
    answer: (message) => wants(message, { a: SAMPLE }),
    told: {
      translated: ["bad_answer", 'the server asks for "sampling/createMessage", which the client does not offer'],
    },
  },
  {
    name: "roots that the client never offered",
    answer: (message) => wants(message, { a: { method: "roots/list" } }),
    told: { translated: ["bad_answer", 'the server asks for "roots/list", which the client does not offer'] },
  },
  {
    name: "a form that the client never offered",
    answer: (message) => wants(message, { a: FORM }),
    told: { translated: ["bad_answer", 'the server asks for "elicitation/create", which the client does not offer'] },
  },
  {
    name: "a page that the client never offered",
    answer: (message) => wants(message, { a: PAGE }),
    told: { translated: ["bad_answer", '"elicitation/create by URL", which the client does not offer'] },
  },
  {
    name: "something that no client offers",
    answer: (message) => wants(message, { a: { method: "evil/run\n\u001b[2J", params: {} } }),
    told: { translated: ["bad_answer", String.raw`"evil/run\n\u001b[2J", which the client does not offer`] },
  },
  {
    name: "requests that are none",
    answer: (message) => wants(message, { a: 7, b: null }),
    told: { translated: ["bad_answer", "which the client does not offer"] },
  },
  {
    name: "an endless chain of rounds",
    answer: (message) => wants(message, {}, "again"),
    told: { translated: ["bad_answer", "the server asks for more again and again, and got it 10 times"] },
  },
  {
    name: "rounds that ask for nothing",
    answer: (message) => wants(message, undefined),
    told: { translated: ["bad_answer", "the server asks for input and does not say for which"] },
  },
  {
    name: "a result of a kind that nobody knows",
    answer: (message) => result(message, { resultType: "surprise" }),
    told: {
      translated: ["bad_answer", 'a result of the type "surprise", which the client\'s revision has no word for'],
    },
  },
  {
    name: "headers that it never likes",
    answer: ({ id }) => refusal(400, -32_020, "Header mismatch", id),
    told: { translated: [-32_020, "Header mismatch"], modern: [-32_020, "Header mismatch"] },
  },
  {
    name: "400 without a word",
    answer: () => new Response(null, { status: 400 }),
    told: inEach("http_status", "the server answered 400"),
  },
  {
    name: "400 with JSON that is no JSON-RPC",
    answer: () => body('{"error":"no"}', "application/json", 400),
    told: inEach("http_status", String.raw`the server answered 400 "{\"error\":\"no\"}"`),
  },
  {
    name: "404 without a word",
    answer: () => new Response(null, { status: 404 }),
    told: {
      ...inEach("http_status", "the server answered 404"),
      legacy: ["session_lost", "the server does not know the session any more"],
    },
  },
  {
    name: "404 with a page",
    answer: () => body("<html>Not here</html>", "text/html", 404),
    told: {
      ...inEach("http_status", 'the server answered 404 "<html>Not here</html>"'),
      legacy: ["session_lost", "the server does not know the session any more"],
    },
  },
  {
    name: "an error under an id of its own",
    answer: () => refusal(400, -32_603, "Out of paper", "server-error"),
    told: inEach(-32_603, "Out of paper"),
  },
];

describe("a call that is answered badly is told so, and the next one works", () => {
  const rows = FAULTS.flatMap(({ name, answer, told }) =>
    Object.entries(told).map(([kind, [code, words]]) => [name, kind as Kind, answer, code, words] as const)
  );
  test.each(rows)("%s, %s", async (_, kind, answer, code, words) => {
    using server = serverFor(kind);
    server.on("tools/call", ({ message }) => message.params.name === "bad" ? answer(message) : undefined);
    await using talk = await Talk.begin(kind, server);
    const { error } = await talk.call("bad");
    expect(error.data?.code ?? error.code).toBe(code);
    expect(error.message).toContain(words);
    expect((await talk.call("good")).result.echo.name).toBe("good");
    // Nobody is asked for ever.
    expect(server.posted("tools/call").length).toBeLessThanOrEqual(12);
    await talk.end();
  });

  test("a client that answers round after round is not kept busy for ever", async () => {
    using server = serverFor("translated");
    server.on("tools/call", ({ message }) => {
      return message.params.name === "bad" ? wants(message, { a: { method: "roots/list" } }) : undefined;
    });
    await using bridge = new Executable(server.url);
    const clientInfo = { name: "by-hand", version: "1.0.0" };
    const params = { protocolVersion: "2025-11-25", capabilities: { roots: {} }, clientInfo };
    await bridge.request({ id: "initialize", method: "initialize", params });
    const answered = bridge.request({ id: 1, method: "tools/call", params: { name: "bad" } });
    for (let round = 0; round < 10; round++) {
      const line = await bridge.output.find((text) => text.includes(`"mcp-bridge:input:${round + 1}"`));
      bridge.send({ jsonrpc: "2.0", id: JSON.parse(line).id, result: { roots: [] } });
    }
    expect((await answered).error.message).toContain("the server asks for more again and again");
    const next = await bridge.request({ id: 2, method: "tools/call", params: { name: "good" } });
    expect(next.result.echo.name).toBe("good");
    expect(server.posted("tools/call")).toHaveLength(12);
  });
});

describe.each(["translated", "modern"] as const)("a tool whose mark for a header is hostile, %s", (kind) => {
  const tool = (name: string, header: string): Json => ({
    name,
    inputSchema: { type: "object", properties: { a: { type: "string", "x-mcp-header": header } } },
  });

  test("stands in no list, adds no header, and the others work", async () => {
    using server = serverFor(kind);
    server.on("tools/list", ({ message }) => {
      return result(message, { tools: [tool("evil", "A\r\nX-Evil: 1\r\nB"), tool("good", "A")] });
    });
    server.on("tools/call", ({ message, request }) => {
      return request.headers.has("mcp-param-a") ? undefined : refusal(400, -32_020, "Header mismatch", message.id);
    });
    await using talk = await Talk.begin(kind, server);
    const { result: { tools } } = await talk.ask("tools/list");
    expect(tools.map(({ name }: Json) => name)).toEqual(["good"]);
    expect(await talk.bridge.stderr.find(() => true)).toBe(
      String.raw`mcp-bridge: warning: the tool "evil" is left out: "A\r\nX-Evil: 1\r\nB" is no name of a header`,
    );
    const { error } = await talk.call("evil", { a: "x" });
    expect([error.code, error.message]).toEqual([-32_020, "Header mismatch"]);
    // Nor does a value add one.
    const value = "x\r\nX-Evil: 1";
    expect((await talk.call("good", { a: value })).result.echo.arguments).toEqual({ a: value });
    const headers = server.seen.items.map((seen) => seen.headers);
    expect(headers.filter((each) => each.has("x-evil") || each.has("b"))).toEqual([]);
    expect(headers.at(-1)!.get("mcp-param-a")).toBe(`=?base64?${btoa(value)}?=`);
    await talk.end();
  });
});

test.each([
  ["at once", (message: Json): Response => result(message, {})],
  ["with a page", (): Response => body("<html>Welcome</html>", "text/html")],
  ["with an error", ({ id }: Json): Response => refusal(200, -32_603, "No room", id)],
  ["with 404", (): Response => new Response(null, { status: 404 })],
])("a server that ends a stream of news %s does not leave a subscription unanswered", async (_, answer) => {
  using server = serverFor("translated");
  server.on("subscriptions/listen", ({ message }) => answer(message));
  await using talk = await Talk.begin("translated", server);
  const { error } = await talk.ask("resources/subscribe", { uri: URI });
  expect(error.message).toStartWith("mcp-bridge: the server");
  expect((await talk.call("x")).result.echo.name).toBe("x");
  await talk.end();
});
