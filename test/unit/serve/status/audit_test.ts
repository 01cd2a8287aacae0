import { beforeEach, describe, expect, test } from "bun:test";
import type { Notice } from "../../../../src/platform/notice.ts";
import { Audit } from "../../../../src/serve/status/audit.ts";
import type { CallRecord } from "../../../../src/serve/watched.ts";
import { FakeClock, settle } from "../../../harness/fake_clock.ts";

let clock: FakeClock;
let audit: Audit;
let text: string;
/** How many bytes the disk takes yet. */
let room: number;
let writes: number;
let notices: Notice[];

beforeEach(() => {
  clock = new FakeClock();
  text = "";
  room = Infinity;
  writes = 0;
  notices = [];
  const file = {
    write(bytes: Uint8Array): Promise<number> {
      writes++;
      if (room === 0) return Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
      const taken = bytes.subarray(0, Math.min(room, bytes.length));
      room -= taken.length;
      text += new TextDecoder().decode(taken);
      return Promise.resolve(taken.length);
    },
    close: () => Promise.resolve(),
  };
  audit = new Audit({ file, clock, notify: (notice) => notices.push(notice) });
});

function call(more: Partial<CallRecord> = {}): void {
  audit.record({
    client: "c 1",
    session: "0123456789abcdef",
    server: "a",
    account: "work",
    method: "tools/call",
    name: "t",
    at: clock.now(),
    ms: 3.14159,
    outcome: "error",
    code: "-32602",
    failure: undefined,
    request: "r-1",
    ...more,
  });
}

const lines = (): Record<string, unknown>[] => text.split("\n").slice(0, -1).map((line) => JSON.parse(line));

describe("a line of the audit", () => {
  test("says who asked which server for what, when, and how it ended, and nothing else", async () => {
    call();
    await audit.flush();
    expect(lines()).toEqual([{
      time: "2023-11-14T22:13:20.000Z",
      request: "r-1",
      client: "c 1",
      session: "01234567",
      server: "a",
      account: "work",
      method: "tools/call",
      name: "t",
      ms: 3.1,
      outcome: "error",
      code: -32602,
    }]);
  });

  test("stays one line, whatever a client calls itself, and no longer than is sensible", async () => {
    call({ client: 'a\n{"x":1}', method: "m".repeat(10_000) });
    await audit.flush();
    expect(lines()[0]!["client"]).toBe('a\n{"x":1}');
    expect(text.length).toBeLessThan(600);
  });

  test("waits for others, a second at most", async () => {
    for (let place = 0; place < 100; place++) call();
    await clock.pass(999);
    expect(writes).toBe(0);
    await clock.pass(1);
    expect([writes, lines().length]).toEqual([1, 100]);
  });
});

describe("a disk that takes no more", () => {
  test("costs lines and one warning a minute; what it takes later begins on a line of its own", async () => {
    room = 300;
    for (let place = 0; place < 3; place++) call();
    await audit.flush();
    expect(notices).toEqual([{ level: "warn", text: "the audit file could not be written (ENOSPC): 2 lines lost" }]);
    call();
    await audit.flush();
    expect(notices).toHaveLength(1);
    room = Infinity;
    call({ name: "later" });
    await audit.flush();
    const written = text.split("\n");
    expect(written).toHaveLength(4);
    expect(JSON.parse(written[0]!).name).toBe("t");
    expect(() => JSON.parse(written[1]!)).toThrow();
    expect(JSON.parse(written[2]!).name).toBe("later");
    await clock.pass(60_000);
    room = 0;
    call();
    await audit.flush();
    expect(notices[1]!.text).toContain("2 lines lost");
  });

  test("that is slow holds no more than 4 MiB", async () => {
    const slow = Promise.withResolvers<number>();
    const file = { write: () => slow.promise, close: () => Promise.resolve() };
    audit = new Audit({ file, clock, notify: (notice) => notices.push(notice) });
    call();
    void audit.flush();
    await settle();
    for (let place = 0; place < 30_000; place++) call();
    expect(notices.map(({ text }) => text)).toEqual([
      "the audit file could not be written (too many lines wait for the disk): 1 line lost",
    ]);
  });
});

test("what waits at the end is written", async () => {
  call();
  await audit.close(1_000);
  expect(lines()).toHaveLength(1);
});
