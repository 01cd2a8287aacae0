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
])("the arguments %j are shown as %j", (args, shown) => {
  expect(maskedCommand({ command: "x", args })).toEqual(shown);
});

test("an address is shown without what its query says", () => {
  expect(maskedUrl(new URL("https://a/mcp"))).toBe("https://a/mcp");
  expect(maskedUrl(new URL("https://a/mcp?key=hunter2"))).toBe("https://a/mcp?***");
});
