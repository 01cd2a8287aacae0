import { Budget } from "../../../src/platform/budget.ts";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../src/platform/clock.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { localServerLink, type LocalServerOptions } from "../../../src/transport/local_server.ts";
import type { ChannelFailure } from "../../../src/transport/channel.ts";
import { composeMessage } from "../../../src/transport/message.ts";
import { type Link, type LinkEvents, SharedStreamEnd } from "../../../src/transport/shared_stream.ts";

/** A program that waits for two lines, says what it was given, and goes on. */
const PROGRAM = `let count = 0;
for await (const line of console) if (++count === 2) for (const line of process.argv.slice(1)) console.log(line);`;

function program(lines: readonly string[], more: Partial<LocalServerOptions> = {}): LocalServerOptions {
  return {
    command: process.execPath,
    args: ["-e", PROGRAM, ...lines],
    env: {},
    limit: 1_000,
    budget: new Budget(1_000_000),
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

  test("is not what answers nothing: the only request in flight has its own answer", async () => {
    const news = `{"jsonrpc":"2.0","method":"notifications/message","params":{"pad":"${pad}"}}`;
    const far = new SharedStreamEnd({
      open: localServerLink(program([news, '{"jsonrpc":"2.0","id":1,"result":{}}'])),
      events: { onmessage: () => undefined, onactivity: () => {}, onloss: () => {} },
      clock: systemClock,
      isLocal: true,
    });
    const answered = far.send(composeMessage({ id: 1, method: "initialize" }));
    await far.send(composeMessage({ method: "notifications/x" }));
    expect(await answered).toBeUndefined();
    await far.close(500);
  });
});

describe("what a program has written before its end", () => {
  /** Gives six large answers, more than a pipe holds, and ends. */
  const LAST = `for (let id = 1; id <= 6; id++) {
    console.log(JSON.stringify({ jsonrpc: "2.0", id, result: { pad: "x".repeat(200_000) } }));
  }`;

  async function open(
    text: string,
    onmessage: LinkEvents["onmessage"],
  ): Promise<{ readonly link: Link; readonly ended: Promise<string> }> {
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const options = program([], { args: ["-e", text], env: process.env, limit: 1_000_000 });
    const events = { onmessage, onmalformed: (): void => {}, onactivity: (): void => {} };
    const onclose = ({ code }: ChannelFailure): void => resolve(code);
    return { link: await localServerLink(options)({ ...events, onclose }, new AbortController()), ended };
  }

  test("is read to its end, however slow the client, and nothing comes behind that", async () => {
    const log: unknown[] = [];
    const { ended } = await open(LAST, ({ id }) => {
      log.push(id);
      return Bun.sleep(300);
    });
    log.push(await ended);
    expect(log).toEqual(["1", "2", "3", "4", "5", "6", "outcome_unknown"]);
  }, 10_000);

  test("is left where the client leaves that does not take it, within the time that there is for that", async () => {
    const met = Promise.withResolvers<void>();
    const { link, ended } = await open(LAST, () => {
      met.resolve();
      return new Promise(() => {});
    });
    await met.promise;
    await link.close(500);
    expect(await ended).toBe("outcome_unknown");
  }, 5_000);

  test.skipIf(process.platform === "win32")(
    "is not waited for where only what it has started in turn goes on",
    async () => {
      const child = `Bun.spawn(["sleep", "30"], { stdio: ["ignore", "inherit", "ignore"] }).unref(); process.exit(0);`;
      const { ended } = await open(`console.log('{"jsonrpc":"2.0","id":1,"result":{}}'); ${child}`, () => undefined);
      expect(await ended).toBe("outcome_unknown");
    },
    5_000,
  );

  test.skipIf(process.platform === "win32")(
    "books nothing any more once it has ended, where what it has started in turn holds its output open",
    async () => {
      const budget = new Budget(1_000_000);
      const other = `Bun.spawn(["sleep", "3"], { stdio: ["ignore", "inherit", "ignore"], detached: true }).unref();`;
      const half = `require("fs").writeSync(1, "{" + "x".repeat(2_000_000)); ${other} process.exit(0);`;
      const options = program([], { args: ["-e", half], env: process.env, limit: 4_000_000, budget });
      const { promise: ended, resolve } = Promise.withResolvers<boolean>();
      await localServerLink(options)({
        onmessage: () => undefined,
        onmalformed: () => {},
        onactivity: () => {},
        onclose: () => resolve(budget.exhausted),
      }, new AbortController());
      expect(await ended).toBe(false);
    },
    5_000,
  );
});
