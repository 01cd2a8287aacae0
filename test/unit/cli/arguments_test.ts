import { describe, expect, test } from "bun:test";
import {
  readChoices,
  readCount,
  readKeepAlive,
  readListeningPort,
  readMebibytes,
  readPeriod,
  readPort,
  readSeconds,
} from "../../../src/cli/arguments.ts";
import { BridgeError } from "../../../src/platform/errors.ts";

function refusalOf(read: () => unknown): BridgeError {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof BridgeError) return thrown;
    throw thrown;
  }
  throw new Error("It was not refused");
}

describe("readSeconds", () => {
  test.each([["0", 0], ["1", 1_000], ["0.5", 500], ["0.0004", 0], ["1e3", 1_000_000], [" 2 ", 2_000], [
    "86400000",
    86_400_000_000,
  ]])(
    "reads %p as %d ms",
    (text, ms) => expect(readSeconds("--timeout", text as string)).toBe(ms as number),
  );

  test.each(["", " ", "-1", "-0.001", "x", "1s", "1,5", "NaN", "Infinity", "1e400", "--1"])("refuses %p", (text) => {
    const refusal = refusalOf(() => readSeconds("--timeout", text));
    expect(refusal.code).toBe("bad_argument");
    expect(refusal.message).toBe(`"--timeout" wants a number of seconds: ${JSON.stringify(text)}`);
    expect(refusal.hint).toContain("--timeout");
  });
});

describe("readPeriod", () => {
  test("reads what readSeconds reads, but not 0", () => {
    expect(readPeriod("--ping-interval", "0.5")).toBe(500);
    expect(refusalOf(() => readPeriod("--ping-interval", "0")).message).toBe(
      '"--ping-interval" wants more than 0 seconds: "0"',
    );
    expect(refusalOf(() => readPeriod("--ping-interval", "x")).code).toBe("bad_argument");
  });
});

describe("readKeepAlive", () => {
  test.each<[boolean, string | undefined, number]>([
    [false, undefined, 0],
    [true, undefined, 30_000],
    [true, "60", 60_000],
    [false, "0.5", 500],
  ])("reads --keep-alive %p with --ping-interval %p as %d ms", (wanted, interval, period) => {
    expect(readKeepAlive(wanted, interval)).toBe(period);
  });

  test("refuses a period of nothing", () => {
    expect(refusalOf(() => readKeepAlive(true, "0")).code).toBe("bad_argument");
  });
});

describe("readPort", () => {
  test.each([["1", 1], ["3334", 3_334], ["65535", 65_535]])("reads %p as %d", (text, port) => {
    expect(readPort("callback port", text as string)).toBe(port as number);
  });

  test.each(["", "0", "65536", "-1", "1.5", "1e3", "0x10", " 1", "port"])("refuses %p", (text) => {
    const refusal = refusalOf(() => readPort("callback port", text));
    expect([refusal.code, refusal.message]).toEqual([
      "bad_argument",
      `the callback port is no port: ${JSON.stringify(text)}`,
    ]);
  });
});

describe("readChoices", () => {
  test.each<[string, ("a" | "b")[]]>([["a", ["a"]], ["a,b", ["a", "b"]], ["b , a,b", ["b", "a"]], ["none", []]])(
    "reads %p as %j",
    (text, choices) => expect([...readChoices("--x", text, ["a", "b"])]).toEqual(choices),
  );

  test.each(["", "c", "a,", "a,none", "A"])("refuses %p", (text) => {
    expect(refusalOf(() => readChoices("--x", text, ["a", "b"])).code).toBe("bad_argument");
  });
});

describe("readMebibytes", () => {
  test.each([["1", 1], ["64", 64], ["1024", 1_024], ["1e2", 100]])("reads %p as %d MiB", (text, mebibytes) => {
    expect(readMebibytes("--max-message", text as string)).toBe(mebibytes as number * 1_048_576);
  });

  test.each(["", "0", "-1", "1.5", "1025", "x", "64M", "Infinity"])("refuses %p", (text) => {
    const refusal = refusalOf(() => readMebibytes("--max-message", text));
    expect(refusal.code).toBe("bad_argument");
    expect(refusal.hint).toBe('for example "--max-message 64"');
  });
});

describe("readListeningPort", () => {
  test("reads what readPort reads, and 0 for any", () => {
    expect(readListeningPort("--port", "0")).toBe(0);
    expect(readListeningPort("--port", "65535")).toBe(65_535);
  });

  test.each(["", "-0", "-1", "65536", "0x1", "1.5"])("refuses %p", (text) => {
    expect(refusalOf(() => readListeningPort("--port", text)).code).toBe("bad_argument");
  });
});

describe("readCount", () => {
  test("reads whole numbers from 1 on", () => {
    expect(readCount("--max-sessions", "1")).toBe(1);
    expect(readCount("--max-sessions", "100000")).toBe(100_000);
  });

  test.each(["", "0", "-1", "1.5", "many", "1e3", "99999999999999999999"])("refuses %p", (text) => {
    expect(refusalOf(() => readCount("--max-sessions", text)).hint).toContain("--max-sessions");
  });
});
