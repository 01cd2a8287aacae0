import { expect, test } from "bun:test";
import { errorOf, ServerError } from "../../../src/app/server_error.ts";
import { errorAnswer } from "../../../src/bridge/answers.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import { readMessage } from "../../../src/transport/message.ts";

const OURS = errorAnswer("1", new BridgeError("unreachable", "nobody listens", { hint: "check the address" }), "host");

test("an error of the bridge comes back as what it was", () => {
  expect(errorOf(OURS)).toMatchObject({ code: "unreachable", message: "nobody listens", hint: "check the address" });
});

test("a server that says the same to the letter has said it, and gives no hint in our name", () => {
  const error = errorOf(readMessage(OURS.bytes));
  expect(error).toBeInstanceOf(ServerError);
  expect([error.code, error.hint]).toEqual(["server_error", undefined]);
  expect(error.message).toStartWith('the server says: "mcp-bridge: nobody listens; check the address" (');
});
