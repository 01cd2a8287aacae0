/** What the tests of signing in share: tools over a world of pages, and documents that are in order. */
import { isIP } from "node:net";
import type { AuthTools } from "../../../src/auth/ask.ts";
import type { Client } from "../../../src/auth/client.ts";
import { discover, type Discovery } from "../../../src/auth/discover.ts";
import type { SignInSettings } from "../../../src/auth/settings.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { FakeWire, type Page } from "../../harness/fake_wire.ts";

export const SERVER: URL = new URL("https://mcp.example.com/mcp");
export const ISSUER = "https://as.example.com";
export const PRM = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
export const METADATA = `${ISSUER}/.well-known/oauth-authorization-server`;

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

/** How a person wants to sign in who has said nothing. */
export function settingsOf(more: Partial<SignInSettings> = {}): SignInSettings {
  return {
    grant: "browser",
    callbackPort: undefined,
    callbackHost: undefined,
    callbackPath: undefined,
    successUrl: undefined,
    timeout: 300_000,
    resource: undefined,
    authorizeParams: new Map(),
    clientMetadata: undefined,
    clientInfo: undefined,
    clientMetadataUrl: undefined,
    tokenEndpoint: undefined,
    useIdToken: false,
    ...more,
  };
}

/** A public client of the issuer. */
export function clientOf(more: Partial<Client> = {}): Client {
  return { issuer: ISSUER, clientId: "me", authMethod: "none", kind: "dynamic", ...more };
}

/** What a promise fails with; the test fails if it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<BridgeError> {
  return await promise.then(() => Promise.reject(new Error("It did not fail")), (thrown) => thrown);
}
