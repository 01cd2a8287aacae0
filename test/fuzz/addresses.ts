import { expect } from "bun:test";
import fc from "fast-check";
import { safeAddress } from "../../src/auth/addresses.ts";
import { isLoopback } from "../../src/net/address.ts";
import { readServerUrl } from "../../src/net/server_url.ts";
import { BridgeError } from "../../src/platform/errors.ts";
import { damagedTextOf, type Target, target, textOf } from "./target.ts";

const PIECES = [
  "https",
  "http",
  "wss",
  "ws",
  "javascript",
  "file",
  "data",
  ":",
  "//",
  "/",
  "\\",
  "@",
  "?",
  "#",
  ".",
  "..",
  "%2f",
  "%00",
  "%0a",
  "localhost",
  "127.0.0.1",
  "127.1",
  "0x7f",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[",
  "]",
  "10.0.0.1",
  "169.254.169.254",
  "example.com",
  "as",
  "user",
  ":443",
  ":99999",
  "xn--",
  "\u3002",
  "\u00ad",
  "\uff0f",
  "\t",
  "\n",
  "\r",
  "\u0000",
  " ",
  "`id`",
  "$(id)",
];
const RIGHT = fc.constantFrom(
  "https://mcp.example.com/mcp",
  "wss://mcp.example.com:8443/a?b=c",
  "http://127.0.0.1:8080/mcp",
  "https://[2606:2800:220:1::1]/token#x",
);
const INPUTS = fc.oneof(
  textOf(PIECES),
  damagedTextOf(RIGHT, PIECES),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
);
const SERVER = new URL("https://mcp.example.com/mcp");

/** What a person writes, and what a server names: read as a safe address, or refused in words of ours. */
export const addresses: readonly Target[] = [
  target("server address", fc.tuple(INPUTS, fc.boolean(), fc.boolean()), ([text, allowHttp, ipv4]) => {
    const url = ours(() => readServerUrl(text, allowHttp, ipv4));
    if (url === undefined) return;
    expect(["https:", "http:", "wss:", "ws:"]).toContain(url.protocol);
    expect([url.username, url.password, url.hash]).toEqual(["", "", ""]);
    if (!allowHttp && !/s:$/.test(url.protocol)) expect(isLoopback(url.hostname)).toBe(true);
    // It means the same to whoever reads it next.
    expect(readServerUrl(url.href, allowHttp, ipv4).href).toBe(url.href);
  }),
  target("address that a server names", INPUTS, async (text) => {
    const resolve = (name: string): Promise<string[]> =>
      Promise.resolve([/inside|local/.test(name) ? "10.0.0.1" : "93.184.216.34"]);
    const url = await safeAddress(text, "token_endpoint", SERVER, { resolve }).catch(refused);
    if (url === undefined) return;
    expect([url.protocol, url.username, url.password, url.hash]).toEqual(["https:", "", "", ""]);
    expect(isLoopback(url.hostname.replace(/\.$/, ""))).toBe(false);
    // deno-lint-ignore no-control-regex
    expect(url.href).not.toMatch(/[\x00-\x20\x7f-\uffff]/);
    expect((await safeAddress(url.href, "token_endpoint", SERVER, { resolve })).href).toBe(url.href);
  }),
];

function ours<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (thrown) {
    return refused(thrown);
  }
}

/** Only a refusal of ours is none of a defect, and it fits on a line of a terminal. */
function refused(thrown: unknown): undefined {
  if (!(thrown instanceof BridgeError)) throw thrown;
  // deno-lint-ignore no-control-regex
  expect(thrown.message).not.toMatch(/[\x00-\x1f\x7f]/);
  expect(thrown.message.length).toBeLessThan(8_192);
}
