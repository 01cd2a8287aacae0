import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/platform/clock.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { localServerLink, type LocalServerOptions } from "../../../src/transport/local_server.ts";
import { composeMessage } from "../../../src/transport/message.ts";
import { SharedStreamEnd } from "../../../src/transport/shared_stream.ts";

/** A program that waits for two lines, says what it was given, and goes on. */
const PROGRAM = `let count = 0;
for await (const line of console) if (++count === 2) for (const line of process.argv.slice(1)) console.log(line);`;

function program(lines: readonly string[], more: Partial<LocalServerOptions> = {}): LocalServerOptions {
  return {
    command: process.execPath,
    args: ["-e", PROGRAM, ...lines],
    env: {},
    limit: 1_000,
    notify: () => {},
    ...more,
  };
}

describe("an answer of a program beyond the limit", () => {
  const pad = "x".repeat(2_000);
  test.each([
    ["id first", `{"jsonrpc":"2.0","id":1,"result":{"pad":"${pad}"}}`],
    ["id last", `{"result":{"pad":"${pad}"},"jsonrpc":"2.0","id":1}`],
  ])("ends its own request, and no other that is in flight: %s", async (_how, answer) => {
    // The program has ids of its own.
    const request = `{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":{"pad":"${pad}"}}`;
    const far = new SharedStreamEnd({
      open: localServerLink(program([request, answer, '{"jsonrpc":"2.0","id":2,"result":{}}'])),
      events: { onmessage: () => undefined, onactivity: () => {}, onloss: () => {} },
      clock: systemClock,
      isLocal: true,
    });
    const [first, second] = [[1, "initialize"], [2, "tools/call"]].map(([id, method]) =>
      far.send(composeMessage({ id, method }))!.then(() => "answered", ({ code }: BridgeError) => code)
    );
    expect(await Promise.all([first, second])).toEqual(["too_large", "answered"]);
    await far.close(500);
  });
});
