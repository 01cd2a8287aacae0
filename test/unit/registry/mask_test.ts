import { expect, test } from "bun:test";
import { isLiteral, masked, maskedCommand, maskedUrl } from "../../../src/registry/mask.ts";

test.each([
  ["hunter2", "***"],
  ["", ""],
  ["${KEY}", "${KEY}"],
  ["keychain:linear/key", "keychain:linear/key"],
  ["Bearer ${KEY}", "Bearer ${KEY}"],
  ["Bearer hunter2", "Bearer ***"],
  ["a${KEY}b", "***${KEY}***"],
  ["${KEY:-hunter2}", "${KEY:-***}"],
  ["${A}${B}", "${A}${B}"],
])("%p is shown as %p", (value, shown) => {
  expect(masked(value)).toBe(shown);
  expect(isLiteral(value)).toBe(shown.includes("***"));
});

test.each([
  [["--port", "1"], ["x", "--port", "1"]],
  [["--api-key", "hunter2", "b"], ["x", "--api-key", "***", "b"]],
  [["--token=hunter2", "b"], ["x", "--token=***", "b"]],
  [["-token", "--verbose", "b"], ["x", "-token", "--verbose", "b"]],
  [["-e", "API_TOKEN=hunter2", "-e", "TOKEN"], ["x", "-e", "API_TOKEN=***", "-e", "TOKEN"]],
  [["-e", "API_TOKEN=${TOKEN}", "A=b"], ["x", "-e", "API_TOKEN=${TOKEN}", "A=b"]],
  [["-H", "X-Api-Key: hunter2", "A: b"], ["x", "-H", "X-Api-Key: ***", "A: b"]],
  [["-H", "authorization:Bearer hunter2"], ["x", "-H", "authorization:Bearer ***"]],
  [["postgres://me:hunter2@db/one"], ["x", "postgres://me:***@db/one"]],
  [["https://a/mcp?a=b&api_key=hunter2#c"], ["x", "https://a/mcp?a=b&api_key=***#c"]],
  [["@upstash/context7-mcp@1", "quay.io/keycloak:26", "npm:keytar", "/srv/keys"], [
    ...["x", "@upstash/context7-mcp@1", "quay.io/keycloak:26", "npm:keytar", "/srv/keys"],
  ]],
])("the arguments %j are shown as %j", (args, shown) => {
  expect(maskedCommand({ command: "x", args })).toEqual(shown);
});

test("an address is shown without what its query says", () => {
  expect(maskedUrl(new URL("https://a/mcp"))).toBe("https://a/mcp");
  expect(maskedUrl(new URL("https://a/mcp?key=hunter2"))).toBe("https://a/mcp?***");
});
