import { describe, expect, test } from "bun:test";
import {
  readChoices,
  readKeepAlive,
  readMebibytes,
  readPeriod,
  readPort,
  readSeconds,
  readServerUrl,
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

const ACCEPTED: [text: string, href: string][] = [
  ["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"],
  ["HTTPS://MCP.Example.COM", "https://mcp.example.com/"],
  ["https://a/b?key=1#fragment", "https://a/b?key=1"],
  ["https://b\u00fccher.example/", "https://xn--bcher-kva.example/"],
  ["https://10.0.0.1:8443/mcp", "https://10.0.0.1:8443/mcp"],
  ["https://a/$(calc)`b`|;'\"", "https://a/$(calc)%60b%60|;'%22"],
  ["http://localhost/mcp", "http://localhost/mcp"],
  ["http://api.localhost/mcp", "http://api.localhost/mcp"],
  ["http://127.0.0.1:3000", "http://127.0.0.1:3000/"],
  ["http://127.255.255.254/", "http://127.255.255.254/"],
  ["http://2130706433/", "http://127.0.0.1/"],
  ["http://0177.0.0.1/", "http://127.0.0.1/"],
  ["http://[::1]/", "http://[::1]/"],
  ["http://[0:0:0:0:0:0:0:1]/", "http://[::1]/"],
];

const ENCRYPTED_ONLY = [
  "http://example.com/",
  "http://10.0.0.1/",
  "http://192.168.1.1/",
  "http://localhost./",
  "http://localhost.example.com/",
  "http://notlocalhost/",
  "http://127.0.0.1.example.com/",
  "http://128.0.0.1/",
  "http://0.0.0.0/",
  "http://[::]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[fe80::1]/",
];

describe("readServerUrl", () => {
  test.each(ACCEPTED)("reads %s as %s", (text, href) => expect(readServerUrl(text, false).href).toBe(href));

  test.each(ENCRYPTED_ONLY)("wants %s to be encrypted, or allowed", (text) => {
    const refusal = refusalOf(() => readServerUrl(text, false));
    expect(refusal.code).toBe("bad_url");
    expect(refusal.hint).toContain("--allow-http");
    expect(readServerUrl(text, true).protocol).toBe("http:");
  });

  test.each([
    "javascript://x/%0aalert(1)",
    "JaVaScRiPt://x",
    "file:///etc/passwd",
    "data://x",
    "ftp://a/",
    "ms-msdt://x",
    "blob:https://a/b",
    "java\tscript://x",
    " file:///x",
  ])("refuses the scheme of %p, allowed or not", (text) => {
    for (const allowHttp of [false, true]) {
      expect(refusalOf(() => readServerUrl(text, allowHttp)).code).toBe("bad_url");
    }
  });

  test.each([
    "",
    "x",
    "mcp.example.com",
    "//a/b",
    "/mcp",
    "https:",
    "https://",
    "https://a b/",
    "http://[::1",
    "https://a:99999",
  ])(
    "takes %p for no address",
    (text) => {
      const refusal = refusalOf(() => readServerUrl(text, true));
      expect(refusal.message).toBe(`${JSON.stringify(text)} is no address of a server`);
      expect(refusal.hint).toStartWith("give the whole URL");
    },
  );

  test.each(["https://me:hunter2@a/", "https://hunter2@a/", "https://:hunter2@a/"])(
    "refuses a password in %s and does not repeat it",
    (text) => {
      const refusal = refusalOf(() => readServerUrl(text, true));
      expect(refusal.message).toBe("the address contains a user name or a password");
      expect(`${refusal.message}${refusal.hint}`).not.toContain("hunter2");
    },
  );
});
