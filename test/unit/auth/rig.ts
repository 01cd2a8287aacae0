/** What the tests of signing in share: tools over a world of pages, and documents that are in order. */
import { isIP } from "node:net";
import type { AuthTools } from "../../../src/auth/ask.ts";
import type { Client } from "../../../src/auth/client.ts";
import { discover, type Discovery } from "../../../src/auth/discover.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { FakeWire, type Page } from "../../harness/fake_wire.ts";

export const SERVER: URL = new URL("https://mcp.example.com/mcp");
export const ISSUER = "https://as.example.com";
export const PRM = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
export const METADATA = `${ISSUER}/.well-known/oauth-authorization-server`;

/** Addresses that lead to this machine or into a private network, in all the ways to write them. */
export const NEAR: readonly string[] = [
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://0/",
  "https://0.0.0.0/",
  "https://localhost/",
  "https://localhost./",
  "https://LOCALHOST/",
  "https://a.localhost/",
  "https://127.0.0.1./",
  "https://[::1]/",
  "https://[::]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:a00:1]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b::10.0.0.1]/",
  "https://[64:ff9b:1::1]/",
  "https://[2002:7f00:1::]/",
  "https://[2001:0:1::]/",
  "https://[fe80::1]/",
  "https://[fec0::1]/",
  "https://[fc00::1]/",
  "https://[fd12:3456::1]/",
  "https://[ff02::1]/",
  "https://10.0.0.1/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.1.1/",
  "https://100.64.0.1/",
  "https://169.254.169.254/latest/meta-data",
  "https://198.18.0.1/",
  "https://224.0.0.1/",
  "https://255.255.255.255/",
];

/** What is no plain web address, or none that is encrypted. */
export const ODD: readonly string[] = [
  "javascript:alert(1)",
  "JavaScript:alert(1)",
  "java\tscript:alert(1)",
  "data:text/html,x",
  "file:///etc/passwd",
  "vbscript:x",
  "ms-msdt:/id",
  "ms-settings:",
  "ftp://as.example.com/",
  "ws://as.example.com/",
  "blob:https://as.example.com/x",
  "about:blank",
  "mailto:a@b",
  "x-custom://as.example.com/",
  "http://as.example.com/",
  "https://user@as.example.com/",
  "https://user:pass@as.example.com/",
  "https://:@as.example.com@evil.example/",
  "https://a$(calc)b@as.example.com/",
  "https://as.example.com/#x",
  "https://as.example.com/#",
  "https://as.example.com/\n",
  " https://as.example.com/",
  "https://as.example.com/a b",
  "https://as.exa\u0000mple.com/",
  `https://as.example.com/${"a".repeat(2_048)}`,
  "//as.example.com/",
  "/token",
  "",
  "https://",
];

/** Tools whose wire knows these pages, and whose resolver knows only public addresses. */
export function toolsOf(pages: Record<string, Page> = {}): AuthTools & { wire: FakeWire; clock: FakeClock } {
  return {
    wire: new FakeWire(pages),
    clock: new FakeClock(),
    resolve: (name) => Promise.resolve([isIP(name) > 0 ? name : "93.184.216.34"]),
  };
}

/** An authorization server's metadata with all that we look for. */
export function metadataOf(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    issuer: ISSUER,
    "authorization_endpoint": `${ISSUER}/authorize`,
    "token_endpoint": `${ISSUER}/token`,
    "registration_endpoint": `${ISSUER}/register`,
    "revocation_endpoint": `${ISSUER}/revoke`,
    "device_authorization_endpoint": `${ISSUER}/device`,
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    ...more,
  };
}

/** A protected resource's metadata. */
export function resourceOf(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { resource: SERVER.href, "authorization_servers": [ISSUER], ...more };
}

/** What was discovered at servers with these documents. */
export function discovered(
  metadata: Record<string, unknown> = {},
  resource: Record<string, unknown> = {},
): Promise<Discovery> {
  const issuer = String(metadata["issuer"] ?? ISSUER);
  return discover(
    SERVER,
    undefined,
    toolsOf({
      [PRM]: resourceOf({ "authorization_servers": [issuer], ...resource }),
      [
        `${new URL(issuer).origin}/.well-known/oauth-authorization-server${new URL(issuer).pathname.replace(/\/$/, "")}`
      ]: metadataOf(metadata),
    }),
  );
}

/** A public client of the issuer. */
export function clientOf(more: Partial<Client> = {}): Client {
  return { issuer: ISSUER, clientId: "me", authMethod: "none", kind: "dynamic", ...more };
}

/** What a promise fails with; the test fails if it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<BridgeError> {
  return await promise.then(() => Promise.reject(new Error("It did not fail")), (thrown) => thrown);
}
