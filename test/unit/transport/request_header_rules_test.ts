import { describe, expect, test } from "bun:test";
import { headerMismatch } from "../../../src/transport/request_header_rules.ts";
import type { Json } from "../../harness/fake_mcp.ts";
import { toMessage } from "../../harness/stage_rig.ts";

const REVISION = "2026-07-28";

function fault(message: Json, headers: Record<string, string>, revision = REVISION): string | undefined {
  return headerMismatch(new Headers(headers), toMessage({ id: 1, ...message }), revision);
}

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString("base64")}?=`;
const LIST = { "mcp-protocol-version": REVISION, "mcp-method": "tools/list" };

describe("the headers of a request", () => {
  test.each<[string, Json, Record<string, string>]>([
    ["without a name", { method: "tools/list" }, LIST],
    ["with one", { method: "tools/call", params: { name: "x" } }, { "mcp-method": "tools/call", "mcp-name": "x" }],
    ["with a URI", { method: "resources/read", params: { uri: "a://b c" } }, {
      "mcp-method": "resources/read",
      "mcp-name": "a://b c",
    }],
    ["with a name in Base64", { method: "prompts/get", params: { name: "\u4e16" } }, {
      "mcp-method": "prompts/get",
      "mcp-name": base64("\u4e16"),
    }],
    ["with a plain name in Base64", { method: "prompts/get", params: { name: "x" } }, {
      "mcp-method": "prompts/get",
      "mcp-name": base64("x"),
    }],
    ["with a name that looks like Base64", { method: "prompts/get", params: { name: "=?base64?eA==?=" } }, {
      "mcp-method": "prompts/get",
      "mcp-name": base64("=?base64?eA==?="),
    }],
    ["with headers that nobody wants", { method: "tools/list" }, { ...LIST, "mcp-name": "x", "mcp-param-a": "1" }],
  ])("%s agree with its body", (_what, message, headers) => {
    expect(fault(message, { "mcp-protocol-version": REVISION, ...headers })).toBeUndefined();
  });

  test.each<[string, Json, Record<string, string>, string]>([
    ["the revision", { method: "tools/list" }, { "mcp-method": "tools/list" }, "mcp-protocol-version is missing"],
    ["the method", { method: "tools/list" }, { "mcp-protocol-version": REVISION }, "mcp-method is missing"],
    [
      "the method, in other letters",
      { method: "tools/list" },
      { ...LIST, "mcp-method": "Tools/List" },
      "mcp-method and",
    ],
    [
      "the name",
      { method: "tools/call", params: { name: "x" } },
      { ...LIST, "mcp-method": "tools/call" },
      "mcp-name is missing",
    ],
    [
      "the name's letters",
      { method: "tools/call", params: { name: "x" } },
      { ...LIST, "mcp-method": "tools/call", "mcp-name": "X" },
      "mcp-name and",
    ],
    [
      "what the Base64 says",
      { method: "tools/call", params: { name: "x" } },
      { ...LIST, "mcp-method": "tools/call", "mcp-name": base64("y") },
      "mcp-name and",
    ],
  ])("are refused where %s differs, by the header's name alone", (_what, message, headers, said) => {
    expect(fault(message, headers)).toContain(said);
  });

  test("are compared with the revision that the body claims", () => {
    expect(fault({ method: "tools/list" }, LIST, "2027-01-01")).toContain("mcp-protocol-version and");
  });
});
