import { describe, expect, test } from "bun:test";
import { MirroredHeaders } from "../../../../src/bridge/era/mirrored_headers.ts";
import { FarEndRig } from "../../../harness/far_end_rig.ts";
import type { Json } from "../../../harness/fake_mcp.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

function tool(name: string, header?: unknown): Json {
  const a = { type: "string", ...(header === undefined ? {} : { "x-mcp-header": header }) };
  return { name, inputSchema: { type: "object", properties: { a } } };
}

function list(id: unknown, cursor?: string): Json {
  return { id, method: "tools/list", params: { _meta: META, ...(cursor === undefined ? {} : { cursor }) } };
}

function call(id: unknown, name: string): Json {
  return { id, method: "tools/call", params: { name, arguments: { a: "x" }, _meta: { ...META, progressToken: 7 } } };
}

/** A server with these tools, of which a call is fine with this header alone. */
function rigOf(tools: () => Json[], wanted?: Record<string, string>): FarEndRig {
  const rig = new FarEndRig((parts) => new MirroredHeaders(parts, parts.events));
  rig.serve = ({ method }, { options }) => {
    if (method === "tools/list") return { result: { tools: tools() } };
    if (method !== "tools/call" || wanted === undefined) return { result: { ok: true } };
    const isFine = Bun.deepEquals(options.headers ?? {}, wanted);
    return isFine ? { result: { ok: true } } : { error: { code: -32020, message: "Header mismatch" } };
  };
  return rig;
}

describe("from 2026-07-28 on", () => {
  test("a call carries the headers that its tool's schema wants", async () => {
    const rig = rigOf(() => [tool("plain"), tool("marked", "A")]);
    await rig.send(list(1));
    await rig.send(call(2, "marked"));
    await rig.send(call(3, "plain"));
    expect(rig.all("tools/call").map(({ options }) => options.headers)).toEqual([{ "mcp-param-a": "x" }, {}]);
    expect(rig.answersTo(2)).toMatchObject([{ result: { ok: true } }]);
  });

  test("a tool with a wrong mark stands in no list, the log says why once, and the others stay word for word", async () => {
    const rig = rigOf(() => [tool("a"), tool("evil", "x\r\nEvil: 1"), tool("b", "B")]);
    await rig.send(list(1));
    await rig.send(list(2));
    for (const { json } of rig.handed) expect(json.result.tools).toEqual([tool("a"), tool("b", "B")]);
    expect(rig.notices.map(({ level, text }) => [level, text.includes('"evil"')])).toEqual([["warn", true]]);
  });

  test("a call of a tool that was not read about is looked up once the server complains, and made again once", async () => {
    const rig = rigOf(() => [tool("marked", "A")], { "mcp-param-a": "x" });
    await rig.send(call(1, "marked"));
    expect(rig.passed.map(({ json }) => json.method)).toEqual(["tools/call", "tools/list", "tools/call"]);
    expect(new Set(rig.passed.map(({ json }) => json.id)).size).toBe(3);
    expect(rig.all("tools/list")[0]!.json.params._meta).toEqual(META);
    expect(rig.handed.map(({ json, causedBy }) => [json.id, json.result, causedBy])).toEqual([[1, { ok: true }, "1"]]);
    await rig.send(call(2, "marked"));
    expect(rig.passed).toHaveLength(4);
  });

  test("a call follows a schema that has changed", async () => {
    let mark = "Old";
    const rig = rigOf(() => [tool("marked", mark)], { "mcp-param-new": "x" });
    await rig.send(list(1));
    mark = "New";
    await rig.send(call(2, "marked"));
    expect(rig.answersTo(2)).toMatchObject([{ result: { ok: true } }]);
  });

  test("a complaint that no look at the tools explains is the client's answer", async () => {
    const rig = rigOf(() => [tool("plain")], { "mcp-param-other": "y" });
    await rig.send(call(1, "plain"));
    expect(rig.answersTo(1)).toMatchObject([{ error: { code: -32020 } }]);
    expect(rig.all("tools/call")).toHaveLength(1);
  });

  test("a second complaint is the client's answer", async () => {
    const rig = rigOf(() => [tool("marked", "A")], { "mcp-param-other": "y" });
    await rig.send(call(1, "marked"));
    expect(rig.answersTo(1)).toMatchObject([{ error: { code: -32020 } }]);
    expect(rig.all("tools/call")).toHaveLength(2);
  });

  test("pages that never end are not read for ever", async () => {
    const rig = rigOf(() => []);
    let page = 0;
    rig.serve = ({ method }) =>
      method === "tools/list"
        ? { result: { tools: [], nextCursor: `page ${++page}` } }
        : { error: { code: -32020, message: "no" } };
    await rig.send(call(1, "marked"));
    expect(page).toBeLessThanOrEqual(100);
    expect(rig.answersTo(1)).toHaveLength(1);
  });
});

test("in the eras before nothing is added and nothing is taken away", async () => {
  const tools = [tool("marked", "A"), tool("wrong", "")];
  const rig = rigOf(() => tools);
  await rig.send({ id: 0, method: "initialize", params: {} });
  await rig.send({ id: 1, method: "tools/list" });
  await rig.send(call(2, "marked"));
  expect(rig.answersTo(1)).toMatchObject([{ result: { tools } }]);
  expect(rig.all("tools/call")[0]!.options.headers).toBeUndefined();
});
