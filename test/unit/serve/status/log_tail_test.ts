import { beforeEach, describe, expect, test } from "bun:test";
import { LogTail } from "../../../../src/serve/status/log_tail.ts";
import { FakeClock } from "../../../harness/fake_clock.ts";

let clock: FakeClock;
let log: LogTail;

beforeEach(() => {
  clock = new FakeClock();
  log = new LogTail(clock);
});

/** What a reader is sent, piece by piece; nothing once that is over. */
function pieces(): () => Promise<string | undefined> {
  const reader = log.read()!.body!.getReader();
  return async () => {
    const { value } = await reader.read();
    return value === undefined ? undefined : new TextDecoder().decode(value);
  };
}

describe("the log for people", () => {
  test("keeps the last two hundred notices, and none that are for a support case", () => {
    for (let place = 0; place < 300; place++) log.add({ level: "info", text: `notice ${place}` });
    log.add({ level: "debug", text: "nothing for people" });
    expect(log.lines).toHaveLength(200);
    expect([log.lines[0]!.text, log.lines.at(-1)!.text]).toEqual(["notice 100", "notice 299"]);
  });

  test("shows no credential, and no line without an end", () => {
    log.add({ level: "warn", text: "it said Bearer abcdefghijkl" });
    log.add({ level: "warn", text: "x".repeat(5_000), request: "r" });
    expect(log.lines[0]!.text).toBe("it said Bearer ***");
    expect(log.lines[1]).toMatchObject({ text: "x".repeat(1_000), request: "r" });
  });

  test("begins a stream with what it kept, goes on with what comes, and says now and then that it is there", async () => {
    log.add({ level: "info", text: "one" });
    const next = pieces();
    expect(await next()).toMatch(/^:\n\ndata: \{"at":\d+,"level":"info","text":"one"\}\n\n$/);
    log.add({ level: "warn", text: "two\nlines" });
    expect(await next()).toContain('"text":"two\\nlines"}\n\n');
    await clock.pass(15_000);
    expect(await next()).toBe(":\n\n");
    log.close();
    expect(await next()).toBeUndefined();
  });

  test("has room for eight readers, one that left makes room, and one that does not read is let go", async () => {
    const streams = Array.from({ length: 8 }, () => log.read()!.body!);
    expect(log.read()).toBeUndefined();
    await streams[0]!.cancel();
    const slow = log.read()!;
    expect(log.read()).toBeUndefined();
    for (let place = 0; place < 400; place++) log.add({ level: "info", text: "x".repeat(1_000) });
    expect(log.read()).toBeDefined();
    expect(slow.text()).rejects.toThrow("too far behind");
  });
});
