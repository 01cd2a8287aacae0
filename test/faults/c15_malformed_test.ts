import { describe, expect, test } from "bun:test";
import { Executable } from "../harness/executable.ts";
import { body, FakeMcp, type Json } from "../harness/fake_mcp.ts";

const CLIENT_FAULTS: [line: string, code: number, id: unknown][] = [
  ["hello", -32700, null],
  ["{", -32700, null],
  ['{"jsonrpc":"2.0","id":1,"method":"x"', -32700, null],
  ['{"jsonrpc":"2.0","id":1,"method":"x"}}', -32700, null],
  ["\u0000\u0001", -32700, null],
  ["{'jsonrpc':'2.0'}", -32700, null],
  ['{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":tru}}', -32700, null],
  ["[1,", -32700, null],
  ["42", -32600, null],
  ["null", -32600, null],
  ['"text"', -32600, null],
  ["[]", -32600, null],
  ["{}", -32600, null],
  ['{"id":9,"method":"x"}', -32600, 9],
  ['{"jsonrpc":"1.0","id":"a","method":"x"}', -32600, "a"],
  ['{"jsonrpc":"2.0","id":9}', -32600, 9],
  ['{"jsonrpc":"2.0","id":9,"method":5}', -32600, 9],
  ['{"jsonrpc":"2.0","id":{},"method":"x"}', -32600, null],
  ['{"jsonrpc":"2.0","id":[1],"method":"x"}', -32600, null],
  ['{"jsonrpc":"2.0","id":true,"method":"x"}', -32600, null],
];

describe("a line of the client that is no message gets an error, and the next one its answer", () => {
  test.each(CLIENT_FAULTS)("%p", async (line, code, id) => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const from = bridge.output.items.length;
    bridge.write(`${line}\n`);
    const answer = JSON.parse(await bridge.output.find(() => true, from));
    expect(answer.error.code).toBe(code);
    expect(answer.id).toBe(id);
    expect((await bridge.request({ id: "next", method: "ping" })).result).toBeDefined();
  });

  test("blank lines and CRLF are no faults", async () => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    bridge.write('\n\r\n  \n{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n');
    await bridge.output.find((line) => JSON.parse(line).id === 1);
    expect(bridge.output.items).toHaveLength(2);
    const sent = server.seen.items.filter(({ method }) => method === "POST").at(-1)!;
    expect(sent.text).toBe('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  });

  test("each message of a batch is answered singly, its broken ones too", async () => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    bridge.write(
      '[{"jsonrpc":"2.0","id":1,"method":"ping"}, {"jsonrpc":"2.0","id":2,"method":"ping"}, 7, {"jsonrpc":"2.0","method":"notifications/x"}]\n',
    );
    await bridge.output.find((line) => JSON.parse(line).id === 1);
    await bridge.output.find((line) => JSON.parse(line).id === 2);
    await bridge.output.find((line) => JSON.parse(line).error?.code === -32600);
    await server.seen.find(({ message }) => message?.method === "notifications/x");
    expect(bridge.output.items).toHaveLength(4);
  });
});

const encode = (value: unknown): string => JSON.stringify(value);

const SERVER_FAULTS: [what: string, answer: (id: unknown) => Response, code: string][] = [
  ["an empty body", () => body(""), "bad_answer"],
  ["an empty body of no type", () => new Response(""), "bad_answer"],
  ["HTML", () => body("<html>Welcome</html>", "text/html"), "bad_answer"],
  ["HTML that claims to be JSON", () => body("<html>Welcome</html>"), "bad_answer"],
  ["an HTML error page", () => body("<html>oops</html>", "text/html", 500), "http_status"],
  ["400 with text", () => body("bad things", "text/plain", 400), "http_status"],
  ["401", () => new Response("who?", { status: 401 }), "sign_in_required"],
  ["403", () => new Response("no", { status: 403 }), "http_status"],
  ["405", () => new Response(null, { status: 405 }), "http_status"],
  ["418", () => new Response("teapot", { status: 418 }), "http_status"],
  ["202", () => new Response(null, { status: 202 }), "no_answer"],
  ["204", () => new Response(null, { status: 204 }), "no_answer"],
  ["cut JSON", (id) => body(`{"jsonrpc":"2.0","id":${encode(id)},"result":{`), "bad_answer"],
  ["JSON and more", (id) => body(`{"jsonrpc":"2.0","id":${encode(id)},"result":{}} junk`), "bad_answer"],
  ["JSON that is no message", () => body('{"hello":1}'), "bad_answer"],
  ["a number", () => body("5"), "bad_answer"],
  ["no version", (id) => body(`{"id":${encode(id)},"result":{}}`), "bad_answer"],
  ["neither result nor error", (id) => body(`{"jsonrpc":"2.0","id":${encode(id)}}`), "bad_answer"],
  ["another id", () => body('{"jsonrpc":"2.0","id":"other","result":{}}'), "no_answer"],
  [
    "an id of another type",
    (id) => body(`{"jsonrpc":"2.0","id":${encode(String(id))},"result":{}}`),
    "no_answer",
  ],
  ["an id that is an object", () => body('{"jsonrpc":"2.0","id":{},"result":{}}'), "bad_answer"],
  ["a notification only", () => body('{"jsonrpc":"2.0","method":"notifications/x"}'), "no_answer"],
  ["an empty batch", () => body("[]"), "bad_answer"],
  ["a redirect to another origin", () => Response.redirect("http://127.0.0.1:9/mcp", 307), "bad_answer"],
  ["a redirect that loses the request", () => Response.redirect("/elsewhere", 302), "bad_answer"],
  [
    "a redirect in a circle",
    () => new Response(null, { status: 308, headers: { location: "/mcp" } }),
    "bad_answer",
  ],
  [
    "gzip that is none",
    () => new Response("nope", { headers: { "content-type": "application/json", "content-encoding": "gzip" } }),
    "bad_answer",
  ],
  ["a stream without events", () => body("", "text/event-stream"), "no_answer"],
  ["a stream of comments", () => body(": a\n\n: b\n\n", "text/event-stream"), "no_answer"],
  ["a stream with text", () => body("data: hello\n\n", "text/event-stream"), "bad_answer"],
  [
    "a stream that ends in the answer",
    (id) => body(`data: {"jsonrpc":"2.0","id":${encode(id)},"result":{}}\n`, "text/event-stream"),
    "no_answer",
  ],
  [
    "a stream with another event",
    (id) => body(`event: x\ndata: {"jsonrpc":"2.0","id":${encode(id)},"result":{}}\n\n`, "text/event-stream"),
    "no_answer",
  ],
  [
    "a stream with another id",
    () => body('data: {"jsonrpc":"2.0","id":"other","result":{}}\n\n', "text/event-stream"),
    "no_answer",
  ],
  [
    "a stream that is JSON",
    (id) => body(`{"jsonrpc":"2.0","id":${encode(id)},"result":{}}`, "text/event-stream"),
    "no_answer",
  ],
];

const SERVER_CURED: [what: string, answer: (id: unknown) => Response, line: (id: unknown) => unknown][] = [
  [
    "a pretty-printed answer",
    (id) => body(JSON.stringify({ jsonrpc: "2.0", id, result: { a: 1 } }, null, 2)),
    (id) => ({ jsonrpc: "2.0", id, result: { a: 1 } }),
  ],
  [
    "a batch",
    (id) => body(`[{"jsonrpc":"2.0","id":${encode(id)},"result":{}}]`),
    (id) => ({ jsonrpc: "2.0", id, result: {} }),
  ],
  [
    "an error without an id",
    () => body('{"jsonrpc":"2.0","error":{"code":-1,"message":"m"}}', "application/json", 400),
    (id) => ({ jsonrpc: "2.0", id, error: { code: -1, message: "m" } }),
  ],
  [
    "an error with the id null",
    () => body('{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"m"}}'),
    (id) => ({ jsonrpc: "2.0", id, error: { code: -1, message: "m" } }),
  ],
  [
    "an error with HTTP 500",
    (id) => body(`{"jsonrpc":"2.0","id":${encode(id)},"error":{"code":-1,"message":"m"}}`, "application/json", 500),
    (id) => ({ jsonrpc: "2.0", id, error: { code: -1, message: "m" } }),
  ],
  [
    "a broken event before the answer",
    (id) => body(`data: {oops\n\ndata: {"jsonrpc":"2.0","id":${encode(id)},"result":{}}\n\n`, "text/event-stream"),
    (id) => ({ jsonrpc: "2.0", id, result: {} }),
  ],
  [
    "a stream whose type is written oddly",
    (id) => body(`data: {"jsonrpc":"2.0","id":${encode(id)},"result":{}}\n\n`, "Text/Event-Stream; charset=utf-8"),
    (id) => ({ jsonrpc: "2.0", id, result: {} }),
  ],
  [
    "a redirect inside the origin",
    () => new Response(null, { status: 307, headers: { location: "/other" } }),
    (id) => ({ jsonrpc: "2.0", id, result: { echo: { name: "x" } } }),
  ],
];

async function withServer(
  answer: (id: unknown) => Response,
  story: (bridge: Executable) => Promise<void>,
): Promise<void> {
  using server = new FakeMcp();
  server.offersStream = false;
  let asked = 0;
  server.on("tools/call", ({ message }) => {
    const first = asked++ === 0 || answer(message.id).headers.get("location") === "/mcp";
    return first ? answer(message.id) : undefined;
  });
  await using bridge = new Executable(server.url);
  await bridge.initialize();
  await server.seen.find(({ method }) => method === "GET");
  await story(bridge);
}

describe("what a server answers amiss is an error for that request alone", () => {
  for (const [what, answer, code] of SERVER_FAULTS) {
    test(what, async () => {
      await withServer(answer, async (bridge) => {
        const failed = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
        expect(failed.error.data.code).toBe(code);
        expect(failed.error.code).toBeGreaterThan(0);
        const next: Json = await bridge.request({ id: 2, method: "ping" });
        expect(next.result).toBeDefined();
        expect(bridge.output.items.filter((line) => JSON.parse(line).id === 1)).toHaveLength(1);
      });
    });
  }
});

describe("what can be understood is handed on", () => {
  for (const [what, answer, line] of SERVER_CURED) {
    test(what, async () => {
      await withServer(answer, async (bridge) => {
        const cured = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
        expect(cured).toEqual(line(1) as Json);
        expect(bridge.output.items.filter((text) => JSON.parse(text).id === 1)).toHaveLength(1);
      });
    });
  }
});

test("a broken message under an id in flight takes nothing from the request that has it", async () => {
  using server = new FakeMcp();
  const held = Promise.withResolvers<void>();
  server.on("tools/call", async () => {
    await held.promise;
    return undefined;
  });
  await using bridge = new Executable(server.url);
  await bridge.initialize();
  const call = bridge.request({ id: 5, method: "tools/call", params: { name: "x" } });
  await server.seen.find(({ message }) => message?.method === "tools/call");
  bridge.write('{"jsonrpc":"2.0","id":5}\n');
  await bridge.output.find((line) => JSON.parse(line).error?.code === -32600 && JSON.parse(line).id === null);
  held.resolve();
  expect((await call).result).toBeDefined();
});
