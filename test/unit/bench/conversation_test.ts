import { expect, test } from "bun:test";
import { flood } from "../../../scripts/bench/conversation.ts";
import { idOf, type StdioClient } from "../../../scripts/bench/stdio_client.ts";

test("a flood whose first answers come after its time has a rate all the same", async () => {
  let id = 0;
  const client: StdioClient = {
    pid: 0,
    exited: new Promise(() => {}),
    onlines: () => {},
    onend: () => {},
    nextId: () => ++id,
    send(lines): void {
      const calls = lines.trimEnd().split("\n").map((line) => Buffer.from(line));
      const answers = calls.map((call) =>
        Buffer.from(`{"id":${idOf(call)},"text":"thirty-two bytes of an argument."}`)
      );
      setTimeout(() => client.onlines(answers), 2);
    },
    close: () => Promise.resolve(true),
  };
  const { calls, seconds } = await flood(client, 0);
  expect(calls).toBe(64);
  expect(seconds).toBeGreaterThan(0);
});
