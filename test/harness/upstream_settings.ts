/** How a server is spoken to by who has given no flag. */
import type { UpstreamSettings } from "../../src/app/upstream.ts";
import type { SignInSettings } from "../../src/auth/settings.ts";

/** A server's settings, with what is not as usual. */
export function upstreamSettings(
  more: Pick<UpstreamSettings, "server"> & Partial<UpstreamSettings>,
): UpstreamSettings {
  return {
    headers: {},
    transport: "http-first",
    network: {
      tls: { rejectUnauthorized: true },
      cookies: true,
      ipv4: false,
      connectTimeout: 10_000,
      headersTimeout: 0,
    },
    bodyTimeout: 300_000,
    timeout: 0,
    grace: 20_000,
    maxMessage: 64 * 1_048_576,
    keepAlive: 0,
    protocol: "auto",
    account: "default",
    ignoredTools: [],
    cures: new Set(["auto"]),
    state: { surroundings: { platform: process.platform, env: {} }, keyKind: undefined, passphrase: undefined },
    signIn: signInSettings(),
    ...more,
  };
}

/** How a person signs in, with what is not as usual. */
export function signInSettings(more: Partial<SignInSettings> = {}): SignInSettings {
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
    assertionFile: undefined,
    identityProvider: undefined,
    provider: undefined,
    tokenCommand: undefined,
    tokenEndpoint: undefined,
    useIdToken: false,
    mayLackPkce: false,
    anyNetwork: false,
    ...more,
  };
}
