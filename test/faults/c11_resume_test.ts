/** Event streams that break off and are resumed (basic/transports, "Resumability and Redelivery"). */
import { describe, expect, test } from "bun:test";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { Executable, type Message } from "../harness/executable.ts";
import { body, eventStream, FakeMcp, type SeenRequest } from "../harness/fake_mcp.ts";

const CALL = { id: 1, method: "tools/call", params: { name: "x" } };
const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"resumed":true}}';
const STREAM = "text/event-stream";

/** A part of the answer's stream: what one connection says before it ends, or another answer to the GET. */
type Part = string | (() => Response | Promise<Response>);

function open(part: Part): Response | Promise<Response> {
  return typeof part === "string" ? body(part, STREAM) : part();
}

function note(mark: string): string {
  return `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"${mark}"}}\n\n`;
}

/** A server that answers `method` with the first part, and GETs that resume with the others. */
async function begin(
  server: FakeMcp,
  parts: Part[],
  method = "tools/call",
  url = server.url,
): Promise<Executable> {
  const [first, ...others] = parts;
  server.on(method, () => open(first!));
  server.on("GET", ({ request }) => {
    if (request.headers.get("last-event-id") === null) return new Response(null, { status: 405 });
    return open(others.shift() ?? (() => new Response("nothing left", { status: 418 })));
  });
  const bridge = new Executable(url);
  await bridge.initialize();
  await server.seen.find(({ method }) => method === "GET");
  return bridge;
}

function resumptions(server: FakeMcp): SeenRequest[] {
  return server.seen.items.filter(({ method, headers }) => method === "GET" && headers.has("last-event-id"));
}

function idsOf(server: FakeMcp): (string | null)[] {
  return resumptions(server).map(({ headers }) => headers.get("last-event-id"));
}

async function answersTo(bridge: Executable, id: unknown): Promise<Message[]> {
  bridge.endInput();
  expect(await bridge.exit(2_000)).toBe(0);
  await bridge.output.ended;
  return bridge.output.items.map((line) => JSON.parse(line)).filter((message) => message.id === id);
}

const BEGUN = `id: e1\nretry: 20\n${note("begun")}`;

const WHOLE: [what: string, parts: Part[], ids: string[]][] = [
  ["ended behind an event with an id", [BEGUN, `data: ${ANSWER}\n\n`], ["e1"]],
  ["said nothing but the priming event", ["id: e1\nretry: 20\ndata:\n\n", `data: ${ANSWER}\n\n`], ["e1"]],
  ["ended inside the answer", [`${BEGUN}id: e2\ndata: ${ANSWER.slice(0, 20)}`, `data: ${ANSWER}\n\n`], ["e1"]],
  [
    "ends again and again",
    [BEGUN, `id: e2\n${note("more")}`, `id: e3\n${note("still")}`, `data: ${ANSWER}\n\n`],
    ["e1", "e2", "e3"],
  ],
  ["is resumed in vain at first", [BEGUN, "", `data: ${ANSWER}\n\n`], ["e1", "e1"]],
  ["meets a gateway's 502 at first", [BEGUN, () => new Response("", { status: 502 }), `data: ${ANSWER}\n\n`], [
    "e1",
    "e1",
  ]],
  ["has ids of digits and signs", [`id: 7/a=b:c d\nretry: 20\n${note("x")}`, `data: ${ANSWER}\n\n`], ["7/a=b:c d"]],
];

describe("a call whose event stream breaks off is resumed, and its answer arrives once (C11)", () => {
  for (const [what, parts, ids] of WHOLE) {
    test(`the stream ${what}`, async () => {
      using server = new FakeMcp();
      await using bridge = await begin(server, [...parts]);
      expect((await bridge.request(CALL)).result).toEqual({ resumed: true });
      expect(idsOf(server)).toEqual(ids);
      const [session] = server.sessions;
      for (const { headers } of resumptions(server)) {
        expect(headers.get("mcp-session-id")).toBe(session!);
        expect(headers.get("mcp-protocol-version")).toBe("2025-11-25");
        expect(headers.get("accept")).toBe(STREAM);
      }
      expect(server.posted("tools/call")).toHaveLength(1);
      expect(await answersTo(bridge, 1)).toHaveLength(1);
    });
  }

  test("the connection is cut, twice", async () => {
    using server = new FakeMcp();
    using proxy = await ChaosProxy.inFrontOf(server.port);
    const left = ["first", "second"].map((mark, index) => (): Response => {
      const { response, stream } = eventStream();
      stream.raw(`id: e${index + 1}\nretry: 20\n${note(mark)}`);
      return response;
    });
    await using bridge = await begin(server, [...left, `data: ${ANSWER}\n\n`], "tools/call", proxy.url);
    const call = bridge.request(CALL);
    for (const mark of ["first", "second"]) {
      await bridge.output.find((line) => line.includes(mark));
      proxy.cutAll();
    }
    expect((await call).result).toEqual({ resumed: true });
    expect(idsOf(server)).toEqual(["e1", "e2"]);
    expect(server.posted("tools/call")).toHaveLength(1);
    expect(await answersTo(bridge, 1)).toHaveLength(1);
  });

  test("an id beyond Latin-1 goes back to the server in UTF-8 (WHATWG HTML 9.2.3)", async () => {
    using server = new FakeMcp();
    await using bridge = await begin(server, [`id: \u4e16\u754c\nretry: 20\n${note("x")}`, `data: ${ANSWER}\n\n`]);
    expect((await bridge.request(CALL)).result).toEqual({ resumed: true });
    expect(Buffer.from(idsOf(server)[0]!, "latin1").toString("utf8")).toBe("\u4e16\u754c");
  });

  test("what came before and after the break is handed on in its order, nothing twice", async () => {
    using server = new FakeMcp();
    await using bridge = await begin(server, [
      `${BEGUN}id: e2\n${note("before")}`,
      `id: e3\n${note("after")}data: ${ANSWER}\n\n`,
    ]);
    await bridge.request(CALL);
    const said = bridge.output.items.map((line) => JSON.parse(line)).filter(({ method }) => method !== undefined);
    expect(said.map(({ params }) => params.data)).toEqual(["begun", "before", "after"]);
  });
});

test("the wait that `retry` asks for is kept", async () => {
  using server = new FakeMcp();
  let brokenAt = 0;
  let resumedAt = 0;
  await using bridge = await begin(server, [
    () => {
      brokenAt = performance.now();
      return body(`id: e1\nretry: 700\n${note("begun")}`, STREAM);
    },
    () => {
      resumedAt = performance.now();
      return body(`data: ${ANSWER}\n\n`, STREAM);
    },
  ]);
  expect((await bridge.request(CALL)).result).toEqual({ resumed: true });
  expect(resumedAt - brokenAt).toBeGreaterThanOrEqual(695);
  expect(resumedAt - brokenAt).toBeLessThan(5_000);
});

const REFUSALS: [what: string, answer: () => Response][] = [
  ["405", () => new Response(null, { status: 405 })],
  ["400", () => new Response("unknown event", { status: 400 })],
  ["JSON in place of a stream", () => body("{}")],
  ["404, since the session is lost", () => new Response("session not found", { status: 404 })],
];

describe("a server that refuses to resume leaves one error, and the call is not sent again", () => {
  for (const [what, answer] of REFUSALS) {
    test(what, async () => {
      using server = new FakeMcp();
      await using bridge = await begin(server, [BEGUN, answer]);
      const { error } = await bridge.request(CALL);
      expect(error.data.code).toBe("no_answer");
      expect(error.message).toContain("unknown whether the request was carried out");
      expect(idsOf(server)).toEqual(["e1"]);
      expect(server.posted("tools/call")).toHaveLength(1);
      expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
      expect(await answersTo(bridge, 1)).toHaveLength(1);
    });
  }
});

test("a stream without an event id is not resumed", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server, [note("begun"), `data: ${ANSWER}\n\n`]);
  expect((await bridge.request(CALL)).error.data.code).toBe("no_answer");
  expect(resumptions(server)).toEqual([]);
});

test("a list whose stream cannot be resumed is asked for again", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server, [BEGUN, () => new Response(null, { status: 405 })], "tools/list");
  const list = bridge.request({ id: 1, method: "tools/list" });
  await server.seen.find(({ headers }) => headers.has("last-event-id"));
  server.on("tools/list", () => undefined);
  expect((await list).result).toEqual({ echo: {} });
  expect(server.posted("tools/list")).toHaveLength(2);
});

test("a resumption in a session that another one has replaced is given up, with one answer", async () => {
  using server = new FakeMcp();
  const asked = Promise.withResolvers<void>();
  await using bridge = await begin(server, [
    `id: e1\nretry: 60000\n${note("begun")}`,
    () => {
      asked.resolve();
      return body(`data: ${ANSWER}\n\n`, STREAM);
    },
  ]);
  const call = bridge.request(CALL);
  await bridge.output.find((line) => line.includes("begun"));
  server.sessions.clear();
  expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
  expect((await call).error.data.code).toBe("session_lost");
  expect(resumptions(server)).toEqual([]);
  expect(server.posted("tools/call")).toHaveLength(1);
  expect(await answersTo(bridge, 1)).toHaveLength(1);
});

test("cancelling a call that waits for its resumption ends the waiting", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server, [`id: e1\nretry: 300\n${note("begun")}`, `data: ${ANSWER}\n\n`]);
  bridge.send({ jsonrpc: "2.0", ...CALL });
  await bridge.output.find((line) => line.includes("begun"));
  bridge.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  await server.seen.find(({ message }) => message?.method === "notifications/cancelled");
  expect(await answersTo(bridge, 1)).toEqual([]);
  expect(resumptions(server)).toEqual([]);
});

test("the server's own stream is resumed from its last event, and what it says then arrives", async () => {
  using server = new FakeMcp();
  await using bridge = new Executable(server.url);
  await bridge.initialize();
  const first = await server.streams.find(() => true);
  first.raw(`id: s1\nretry: 20\n${note("one")}`);
  await bridge.output.find((line) => line.includes("one"));
  first.end();
  const second = await server.streams.find(() => true, 1);
  expect(idsOf(server)).toEqual(["s1"]);
  second.raw(note("two"));
  await bridge.output.find((line) => line.includes("two"));
});

test("the server's own stream survives an id beyond Latin-1", async () => {
  using server = new FakeMcp();
  await using bridge = new Executable(server.url);
  await bridge.initialize();
  const first = await server.streams.find(() => true);
  first.raw(`id: \u4e16\nretry: 20\n${note("one")}`);
  await bridge.output.find((line) => line.includes("one"));
  first.end();
  await server.streams.find(() => true, 1);
  expect(Buffer.from(idsOf(server)[0]!, "latin1").toString("utf8")).toBe("\u4e16");
});

test("a stream that was answered does not come back", async () => {
  using server = new FakeMcp();
  await using bridge = await begin(server, [
    () => {
      const { response, stream } = eventStream();
      stream.raw(`id: e1\nretry: 20\ndata: ${ANSWER}\n\n`);
      stream.end();
      return response;
    },
  ]);
  expect((await bridge.request(CALL)).result).toEqual({ resumed: true });
  expect((await bridge.request({ id: 2, method: "ping" })).result).toBeDefined();
  expect(await answersTo(bridge, 1)).toHaveLength(1);
  expect(resumptions(server)).toEqual([]);
});
