import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { errorAnswer } from "../../../src/bridge/answers.ts";
import { matchesGlob, ToolFilter } from "../../../src/bridge/tool_filter.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { runs } from "../../harness/counts.ts";
import { StageRig } from "../../harness/stage_rig.ts";

const SERVER = "mcp.example.com";

function rigOf(...globs: string[]): StageRig {
  return new StageRig((neighbours) => new ToolFilter({ ...neighbours, globs, server: SERVER }));
}

/** What a client receives for a list answer of this text. */
function filtered(text: string, ...globs: string[]): string {
  const rig = rigOf(...globs);
  rig.say({ id: 1, method: "tools/list" });
  rig.hear(text);
  expect(rig.received).toHaveLength(1);
  return rig.received[0]!;
}

describe("matchesGlob", () => {
  test.each<[string, string, boolean]>([
    ["delete*", "deleteTask", true],
    ["delete*", "DeleteTask", true],
    ["DELETE*", "deletetask", true],
    ["delete*", "delete", true],
    ["delete*", "undelete", false],
    ["*account", "getAccount", true],
    ["*account", "accounts", false],
    ["exactTool", "exactTool", true],
    ["exactTool", "exactTool2", false],
    ["a*b*c", "a-b-c", true],
    ["a*b*c", "ac", false],
    ["a*a", "a", false],
    ["*", "", true],
    ["*", "a\nb", true],
    ["a.c", "abc", false],
    ["[a]", "a", false],
    ["a?", "ab", false],
  ])("takes %p for %p: %p", (glob, name, expected) => expect(matchesGlob(glob, name)).toBe(expected));

  test("says what a regular expression with dots and stars says", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "A"), maxLength: 10 });
    const glob = fc.string({ unit: fc.constantFrom("a", "b", ".", "A", "*"), maxLength: 6 });
    fc.assert(
      fc.property(glob, text, (pattern, name) => {
        const source = pattern.replaceAll(".", "\\.").replaceAll("*", ".*");
        expect(matchesGlob(pattern, name)).toBe(new RegExp(`^${source}$`, "i").test(name));
      }),
      { numRuns: runs(3_000, 100_000) },
    );
  });

  test("is done soon with a long name and many stars", () => {
    expect(matchesGlob(`${"*a".repeat(20)}*b`, "a".repeat(200_000))).toBe(false);
  });
});

describe("ToolFilter", () => {
  test("takes tools out of a list and leaves every other byte", () => {
    const rest = String.raw`{"x":[1e400, 12345678901234567890], "x":"\u00e9é"}`;
    const tool = (name: string): string => `{"b":1.0, "name" : ${name},"a":{"name":"kept"}}`;
    expect(filtered(
      `{"id":1, "result":{"_meta":${rest}, "tools":[ ${tool('"one"')} , ${tool('"deleteIt"')},${
        tool(String.raw`"\u0064eleteAll"`)
      } ,${tool('"two"')}\t], "nextCursor":"c"},"jsonrpc":"2.0","z":0}`,
      "delete*",
    )).toBe(
      `{"id":1, "result":{"_meta":${rest}, "tools":[ ${tool('"one"')} , ${
        tool('"two"')
      }\t], "nextCursor":"c"},"jsonrpc":"2.0","z":0}`,
    );
  });

  test("leaves those alone that are allowed, where any is named, less those that are taken out", () => {
    const rig = new StageRig((neighbours) =>
      new ToolFilter({ ...neighbours, globs: ["*_secret"], allowed: ["read_*", "ping"], server: SERVER })
    );
    rig.say({ id: 1, method: "tools/list" });
    const tools = ["read_a", "read_secret", "write_a", "Ping"].map((name) => ({ name }));
    rig.hear(JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } }));
    expect(JSON.parse(rig.received[0]!).result.tools).toEqual([{ name: "read_a" }, { name: "Ping" }]);
    rig.say({ id: 2, method: "tools/call", params: { name: "write_a" } });
    expect(JSON.parse(rig.received[1]!).error.data.code).toBe("ignored_tool");
  });

  test("leaves an empty list where all are taken out, and tools without a name where they are", () => {
    expect(filtered('{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}', "*")).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}',
    );
    const nameless = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"title":"a"},7,{"name":null}]}}';
    expect(filtered(nameless, "*")).toBe(nameless);
  });

  test.each([
    '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no tools"}}',
    '{"jsonrpc":"2.0","id":1,"result":{"tools":{"name":"a"}}}',
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}',
    '{"jsonrpc":"2.0","id":1,"result":[]}',
    '{"jsonrpc":"2.0","id":1,"result":null}',
  ])("leaves an answer without tools as it is: %s", (text) => expect(filtered(text, "*")).toBe(text));

  test("answers a call of a tool that is taken out, and the server does not hear of it", () => {
    const rig = rigOf("delete*");
    rig.say({ id: "a", method: "tools/call", params: { name: "deleteTask", arguments: {} } });
    rig.say({ method: "tools/call", params: { name: "deleteTask" } });
    expect(rig.passed).toEqual([]);
    expect(rig.received.map((text) => JSON.parse(text))).toEqual([{
      jsonrpc: "2.0",
      id: "a",
      error: {
        code: 1025,
        message:
          'mcp-bridge: the tool "deleteTask" is not available; "--ignore-tool", or "tools" in servers.json, takes it out',
        data: {
          code: "ignored_tool",
          hint: '"--ignore-tool", or "tools" in servers.json, takes it out',
          server: SERVER,
        },
      },
    }]);
  });

  test("passes other calls and all other messages on as they are", () => {
    const rig = rigOf("delete*");
    const said = [
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"undelete","arguments":{"name":"delete"}}}',
      '{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"delete"}}',
      '{"jsonrpc":"2.0","method":"notifications/initialized"}',
      '{"jsonrpc":"2.0","id":9,"result":{"tools":[{"name":"delete"}]}}',
    ];
    for (const text of said) rig.say(text);
    expect(rig.passed).toEqual(said);
    for (const text of said) rig.hear(text);
    expect(rig.received).toEqual(said);
  });

  test("keeps watch over a list whose id is used a second time", () => {
    const rig = rigOf("delete*");
    const twin = new BridgeError("invalid_request", "a request with the id 1 is in flight already");
    rig.onpassed = (message) => {
      if (message.method === "ping") void rig.stage.send(errorAnswer("1", twin, SERVER));
    };
    rig.say({ id: 1, method: "tools/list" });
    rig.say({ id: 1, method: "ping" });
    rig.hear({ id: 1, result: { tools: [{ name: "deleteTask" }] } });
    expect(JSON.parse(rig.received[0]!).error.data.code).toBe("invalid_request");
    expect(JSON.parse(rig.received[1]!).result).toEqual({ tools: [] });
  });

  test("forgets a list that the client gave up", () => {
    const rig = rigOf("delete*");
    rig.say({ id: 1, method: "tools/list" });
    rig.say({ method: "notifications/cancelled", params: { requestId: 1 } });
    rig.hear({ id: 1, result: { tools: [{ name: "deleteTask" }] } });
    expect(JSON.parse(rig.received[0]!).result.tools).toHaveLength(1);
  });
});
