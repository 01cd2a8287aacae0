import type { JsonObject } from "./settings.ts";

/** Proves by a key of ours who asks (RFC 9449); a token that was asked for so is of no use to others. */
export interface Prover {
  /** The proof for one request, never used twice; `accessToken` where one goes with it. */
  prove(request: { method: string; url: URL; accessToken?: string }): Promise<string>;
  /** Takes the nonce that an answer may bring for the next proof to the same origin (RFC 9449, 8.2 and 9). */
  observe(headers: Headers, url: URL): void;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

/** Makes a key to prove with, as a private JWK: a secret that is kept as long as the tokens bound to it. */
export async function generateProofKey(): Promise<JsonObject> {
  const { privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
  return { kty, crv, x, y, d };
}

/** Proves with a key of `generateProofKey`. Nonces are remembered by origin, for this run. */
export async function createProver(key: JsonObject): Promise<Prover> {
  const { DpopSession } = await import("@modelcontextprotocol/client");
  const { d: _d, ...publicJwk } = key;
  const session = await DpopSession.create({
    keyPair: {
      privateKey: await crypto.subtle.importKey("jwk", key, ALGORITHM, false, ["sign"]),
      publicKey: await crypto.subtle.importKey("jwk", publicJwk, ALGORITHM, true, ["verify"]),
      publicJwk,
      thumbprint: "",
      alg: "ES256",
    },
  });
  return {
    prove: ({ method, url, accessToken }) =>
      session.buildProof({ htm: method, htu: url, ...(accessToken === undefined ? {} : { accessToken }) }),
    observe(headers, url): void {
      const nonce = headers.get("dpop-nonce");
      if (nonce !== null && nonce !== "") session.rememberNonce(url, nonce);
    },
  };
}
