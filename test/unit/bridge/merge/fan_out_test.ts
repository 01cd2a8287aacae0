import { expect, test } from "bun:test";
import { errorAnswer } from "../../../../src/bridge/answers.ts";
import { saidIn } from "../../../../src/bridge/merge/fan_out.ts";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { composeMessage } from "../../../../src/transport/message.ts";

test("an error of a server is quoted, and one of ours is said as it is", () => {
  expect(saidIn(composeMessage({ id: 1, error: { code: -32000, message: "no\nmore" } }))).toBe(String.raw`"no\nmore"`);
  const own = errorAnswer("1", new BridgeError("unreachable", 'nobody listens at "x"'), "mcp.example.com");
  expect(saidIn(own)).toBe('nobody listens at "x"');
});

test("an error stays ours under another id, and in memory of its own", () => {
  const own = errorAnswer("1", new BridgeError("unreachable", "nobody listens", { hint: "start it" }), "a");
  expect(saidIn(own.withId("2").apart())).toBe("nobody listens; start it");
});

test("what a server says is quoted though it begins as we do, and drives no terminal (A21)", () => {
  const error = { code: 1001, message: "mcp-bridge: fine\r\n\u001b]0;owned\u0007\u009b31m" };
  const said = saidIn(composeMessage({ id: 1, error }));
  expect(said).toBe(String.raw`"mcp-bridge: fine\r\n\u001b]0;owned\u0007\u009b31m"`);
});
