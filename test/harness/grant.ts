/** What the vault keeps of a sign-in, at an authorization server of few words. */
import type { Client } from "../../src/auth/client.ts";
import type { Grant } from "../../src/auth/records.ts";
import { clientOf } from "../unit/auth/rig.ts";

/** A sign-in to the server at an address, by a client of that issuer. */
export function grantOf(server: string, issuer: string, client: Partial<Client> = {}): Grant {
  return {
    version: 1,
    discovery: {
      server,
      resource: server,
      issuer,
      authorizationServers: [issuer],
      scopesSupported: undefined,
      metadata: { issuer, tokenEndpoint: `${issuer}/token`, takesDocuments: false, promisesIssuer: false },
      pkce: "said",
      isFallback: false,
      steps: [],
    },
    client: clientOf({ issuer, ...client }),
    scope: undefined,
  };
}
