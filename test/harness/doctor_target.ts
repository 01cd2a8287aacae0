/** A server for `doctor` to look at, spoken to as `connect` would without any flag. */
import type { Target } from "../../src/app/doctor/world.ts";
import type { Server } from "../../src/app/far_end.ts";

/** The target for an address or a program. */
export function doctorTarget(server: Server): Target {
  return {
    name: undefined,
    entry: undefined,
    unresolved: undefined,
    settings: {
      server,
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
      allowedTools: [],
      ignoredTools: [],
      cures: new Set(["auto"]),
      state: { surroundings: { platform: process.platform, env: {} }, keyKind: undefined, passphrase: undefined },
      signIn: {
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
        assertionFile: undefined,
        identityProvider: undefined,
        provider: undefined,
        tokenCommand: undefined,
        useIdToken: false,
        mayLackPkce: false,
        anyNetwork: false,
      },
    },
  };
}
