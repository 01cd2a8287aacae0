import { describe, expect, test } from "bun:test";
import { readServerUrl } from "../../../src/net/server_url.ts";
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
    "https://a:port",
  ])(
    "takes %p for no address",
    (text) => {
      const refusal = refusalOf(() => readServerUrl(text, true));
      expect(refusal.message).toBe(`${JSON.stringify(text)} is no address of a server`);
      expect(refusal.hint).toStartWith("give the whole URL");
    },
  );

  test.each([
    ["mcp.example.com", "https://mcp.example.com/mcp"],
    ["mcp.example.com:8443/sse", "https://mcp.example.com:8443/mcp"],
    ["localhost:3000", "http://localhost:3000/mcp"],
    ["127.0.0.1:3000/mcp", "http://127.0.0.1:3000/mcp"],
    ["localhost.evil.example", "https://localhost.evil.example/mcp"],
    ["mcp.example.com?key=hunter2", "https://mcp.example.com/mcp"],
    ["me:hunter2@mcp.example.com", "https://example.com/mcp"],
    ["x", "https://example.com/mcp"],
  ])("proposes for %p what may have been meant", (text, url) => {
    expect(refusalOf(() => readServerUrl(text, true)).hint).toBe(`give the whole URL, for example "${url}"`);
  });

  test.each(["https://a:99999", "https://a:70000/mcp", "wss://[::1]:65536?x", "https://me:hunter2@a:70000/"])(
    "names the port of %p, and nothing else of it",
    (text) => {
      const refusal = refusalOf(() => readServerUrl(text, true));
      expect(refusal.message).toMatch(/^the port of the address is no port: "\d{5}"$/);
      expect(refusal.hint).toBe("give a number from 1 to 65535, or leave it out");
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
