import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { composeMessage, type Message, readMessage } from "../../../src/transport/message.ts";
import {
  claimedRevision,
  encodeHeaderValue,
  negotiatedRevision,
  PostHeaders,
  standardHeaders,
} from "../../../src/transport/request_headers.ts";
import { runs } from "../../harness/counts.ts";

const MODERN = "2026-07-28";

function request(method: string, params?: unknown): Message {
  return composeMessage({ id: 1, method, ...(params === undefined ? {} : { params }) });
}

function message(text: string): Message {
  return readMessage(new TextEncoder().encode(text));
}

function decoded(value: string): string {
  const [, packed] = /^=\?base64\?(.*)\?=$/.exec(value) ?? [];
  return packed === undefined ? value : Buffer.from(packed, "base64").toString("utf8");
}

const ENCODED: [value: string, header: string][] = [
  ["", ""],
  ["get_weather", "get_weather"],
  ["with blanks inside", "with blanks inside"],
  ["file:///a?b=c#d", "file:///a?b=c#d"],
  ["~!\"#$%&'()*+,-./", "~!\"#$%&'()*+,-./"],
  [" ", "=?base64?IA==?="],
  [" leading", "=?base64?IGxlYWRpbmc=?="],
  ["trailing ", "=?base64?dHJhaWxpbmcg?="],
  ["a\tb", "=?base64?YQli?="],
  ["a\r\nX-Evil: 1", "=?base64?YQ0KWC1FdmlsOiAx?="],
  ["a\0b", "=?base64?YQBi?="],
  ["\u007f", "=?base64?fw==?="],
  ["caf\u00e9", "=?base64?Y2Fmw6k=?="],
  ["\u4e16\u754c", "=?base64?5LiW55WM?="],
  ["\ud83d\ude00", "=?base64?8J+YgA==?="],
  // What looks like the sentinel is packed, so that nobody unpacks it into something else.
  ["=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="],
  ["=?base64??=", "=?base64?PT9iYXNlNjQ/Pz0=?="],
  ["=?base64?", "=?base64?"],
  ["x=?base64?YQ==?=", "x=?base64?YQ==?="],
];

describe("encodeHeaderValue", () => {
  test.each(ENCODED)("sends %j as %s", (value, header) => {
    expect(encodeHeaderValue(value)).toBe(header);
    expect(decoded(header)).toBe(value);
  });

  test("gives a header that HTTP takes and that means the value, whatever that is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const header = encodeHeaderValue(value);
        expect(new Headers({ x: header }).get("x")).toBe(header);
        expect(decoded(header)).toBe(value);
      }),
      { numRuns: runs(2_000, 100_000) },
    );
  });
});

const NAMED: [method: string, params: unknown, name: string | undefined][] = [
  ["tools/call", { name: "get_weather", arguments: { name: "other" } }, "get_weather"],
  ["tools/call", { arguments: {}, name: "caf\u00e9" }, "=?base64?Y2Fmw6k=?="],
  ["tools/call", { arguments: { name: "inner" } }, undefined],
  ["tools/call", { name: 5 }, undefined],
  ["tools/call", { name: null }, undefined],
  ["tools/call", ["name"], undefined],
  ["tools/call", undefined, undefined],
  ["prompts/get", { name: "greet" }, "greet"],
  ["prompts/get", { uri: "greet" }, undefined],
  ["resources/read", { uri: "file:///a b" }, "file:///a b"],
  ["resources/read", { name: "x" }, undefined],
  ["tasks/get", { taskId: "t1" }, "t1"],
  ["tasks/update", { taskId: "t1" }, "t1"],
  ["tasks/cancel", { taskId: "t1" }, "t1"],
  ["tasks/list", { taskId: "t1" }, undefined],
  ["tools/list", { name: "x" }, undefined],
  ["resources/subscribe", { uri: "x" }, undefined],
  ["completion/complete", { ref: { name: "x" } }, undefined],
  ["server/discover", {}, undefined],
  ["toString", { name: "x" }, undefined],
];

describe("standardHeaders", () => {
  test.each(NAMED)("%s with %j is named %s", (method, params, name) => {
    expect(standardHeaders(request(method, params), MODERN)).toEqual({
      "mcp-protocol-version": MODERN,
      "mcp-method": method,
      ...(name === undefined ? {} : { "mcp-name": name }),
    });
  });

  test("a name with escapes is the name that they mean", () => {
    const call = message(String.raw`{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"\u0061\n"}}`);
    expect(standardHeaders(call, MODERN)).toEqual({
      "mcp-protocol-version": MODERN,
      "mcp-method": "tools/call",
      "mcp-name": "=?base64?YQo=?=",
    });
  });

  test("a notification has its method, and an answer neither method nor name", () => {
    expect(standardHeaders(composeMessage({ method: "notifications/x" }), MODERN)["mcp-method"]).toBe(
      "notifications/x",
    );
    expect(standardHeaders(composeMessage({ id: 1, result: { name: "x" } }), MODERN)).toEqual({
      "mcp-protocol-version": MODERN,
    });
  });
});

describe("claimedRevision", () => {
  const meta = (revision: unknown): unknown => ({ _meta: { "io.modelcontextprotocol/protocolVersion": revision } });
  const CLAIMS: [params: unknown, revision: string | undefined][] = [
    [meta("2026-07-28"), "2026-07-28"],
    [meta("2027-01-01"), "2027-01-01"],
    [meta("DRAFT-2026"), "DRAFT-2026"],
    [meta("2025-11-25"), undefined],
    [meta("2026-07-27"), undefined],
    [meta(""), undefined],
    [meta(20260728), undefined],
    [meta(null), undefined],
    [{ _meta: {} }, undefined],
    [{ _meta: [] }, undefined],
    [{ "io.modelcontextprotocol/protocolVersion": "2026-07-28" }, undefined],
    [{ protocolVersion: "2026-07-28" }, undefined],
    [undefined, undefined],
  ];
  test.each(CLAIMS)("of %j is %s", (params, revision) => {
    expect(claimedRevision(request("tools/call", params))).toBe(revision!);
  });
});

describe("negotiatedRevision", () => {
  const RESULTS: [text: string, revision: string | undefined][] = [
    ['{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}}', "2025-06-18"],
    [String.raw`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025\u002d06-18"}}`, "2025-06-18"],
    ['{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":5}}', undefined],
    ['{"jsonrpc":"2.0","id":1,"result":{"serverInfo":{"protocolVersion":"x"}}}', undefined],
    ['{"jsonrpc":"2.0","id":1,"result":"x"}', undefined],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m","protocolVersion":"x"}}', undefined],
  ];
  test.each(RESULTS)("of %s is %s", (text, revision) => expect(negotiatedRevision(message(text))).toBe(revision!));
});

describe("the headers of what is posted outside of a session", () => {
  const META = { _meta: { "io.modelcontextprotocol/protocolVersion": "2026-07-28" } };
  const POSTED = { "content-type": "application/json", "accept": "application/json, text/event-stream" };

  function call(name: string, id = 1): Message {
    return composeMessage({ id, method: "tools/call", params: { ...META, name } });
  }

  function of(headers: PostHeaders, ...given: Parameters<PostHeaders["of"]>): Record<string, string> {
    return Object.fromEntries(headers.of(...given));
  }

  test("say what the message says, beside those of the person, which never win", () => {
    const headers = new PostHeaders({ "x-key": "1", "accept": "text/html", "mcp-method": "evil" });
    const standard = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "a" };
    expect(of(headers, call("a"))).toEqual({ ...POSTED, ...standard, "x-key": "1" });
    expect(of(headers, call("b"))).toEqual({ ...POSTED, ...standard, "x-key": "1", "mcp-name": "b" });
    expect(of(headers, call("a"), { "mcp-param-x": "7" })).toEqual({
      ...POSTED,
      ...standard,
      "x-key": "1",
      "mcp-param-x": "7",
    });
    expect(of(headers, call("a"))).not.toHaveProperty("mcp-param-x");
  });

  test("are made once for like messages, however many there are", () => {
    const headers = new PostHeaders({});
    expect(headers.of(call("a", 2))).toBe(headers.of(call("a", 1)));
    for (let name = 0; name < 1_000; name++) expect(of(headers, call(`${name}`))["mcp-name"]).toBe(`${name}`);
  });

  test("name the method of a handshake, and nothing else of it", () => {
    const initialize = composeMessage({ id: 1, method: "initialize", params: { protocolVersion: "2025-11-25" } });
    expect(of(new PostHeaders({}), initialize)).toEqual({ ...POSTED, "mcp-method": "initialize" });
  });

  test("take a server/discover that says no revision for one of the era that has the method", () => {
    const question = composeMessage({ id: 1, method: "server/discover" });
    expect(of(new PostHeaders({}), question)["mcp-protocol-version"]).toBe("2026-07-28");
  });

  test("of the eras before are plain", () => {
    const list = composeMessage({ id: 1, method: "tools/list" });
    expect(of(new PostHeaders({}), list)).toEqual(POSTED);
  });
});
