import { expect, test } from "bun:test";
import { AWKWARD_MESSAGES } from "../../harness/awkward_messages.ts";
import { MISBEHAVIOURS } from "../../harness/misbehaviours.ts";

test.each(AWKWARD_MESSAGES.map((message) => [message.name, message] as const))(
  "awkward message is legal: %s",
  (_, { id, answer }) => {
    const message = JSON.parse(answer);
    expect(message.jsonrpc).toBe("2.0");
    expect(message.id).toBe(JSON.parse(id));
    expect("result" in message).not.toBe("error" in message);
    expect(answer).not.toMatch(/[\r\n]/);
  },
);

test("awkward messages differ from one another", () => {
  expect(new Set(AWKWARD_MESSAGES.map(({ answer }) => answer)).size).toBe(AWKWARD_MESSAGES.length);
  expect(new Set(AWKWARD_MESSAGES.map(({ name }) => name)).size).toBe(AWKWARD_MESSAGES.length);
});

test("misbehaviours are told apart by name and are ASCII", () => {
  expect(new Set(MISBEHAVIOURS.map(({ name }) => name)).size).toBe(MISBEHAVIOURS.length);
  // deno-lint-ignore no-control-regex
  for (const { send } of MISBEHAVIOURS) expect(send("7")).toMatch(/^[\x00-\x7f]*$/);
});
