import { describe, expect, test } from "bun:test";
import { createHash, createPublicKey, verify } from "node:crypto";
import { createProver, generateProofKey, type Prover } from "../../../src/auth/dpop.ts";
import type { JsonObject } from "../../../src/auth/settings.ts";
import { refresh } from "../../../src/auth/token.ts";
import { clientOf, discovered, ISSUER, toolsOf } from "./rig.ts";

const ENDPOINT = new URL(`${ISSUER}/token?x=1#y`);

/** A proof's header and claims, its signature checked. */
function read(proof: string): { header: JsonObject; claims: JsonObject } {
  const [header, claims, signature] = proof.split(".") as [string, string, string];
  const said = JSON.parse(Buffer.from(header, "base64url").toString());
  const key = createPublicKey({ key: said.jwk, format: "jwk" });
  const isSigned = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  expect(isSigned).toBe(true);
  return { header: said, claims: JSON.parse(Buffer.from(claims, "base64url").toString()) };
}

async function prover(): Promise<Prover> {
  return createProver(await generateProofKey());
}

describe("a proof", () => {
  test("is for one request, with the public key alone", async () => {
    const key = await generateProofKey();
    const proof = await (await createProver(JSON.parse(JSON.stringify(key)))).prove({ method: "POST", url: ENDPOINT });
    const { header, claims } = read(proof);
    const { kty, crv, x, y } = key;
    expect(header).toEqual({ alg: "ES256", typ: "dpop+jwt", jwk: { kty, crv, x, y } });
    expect(claims).toEqual({ jti: expect.any(String), iat: expect.any(Number), htm: "POST", htu: `${ISSUER}/token` });
  });

  test("is another one each time", async () => {
    const one = await prover();
    const all = await Promise.all(Array.from({ length: 20 }, () => one.prove({ method: "GET", url: ENDPOINT })));
    expect(new Set(all.map((proof) => read(proof).claims["jti"])).size).toBe(20);
  });

  test("names the token that goes with it, and the latest nonce of the origin", async () => {
    const one = await prover();
    one.observe(new Headers({ "dpop-nonce": "n1" }), ENDPOINT);
    one.observe(new Headers(), ENDPOINT);
    one.observe(new Headers({ "dpop-nonce": "other" }), new URL("https://other.example.com"));
    const { claims } = read(await one.prove({ method: "GET", url: ENDPOINT, accessToken: "a" }));
    expect(claims["nonce"]).toBe("n1");
    expect(claims["ath"]).toBe(createHash("sha256").update("a").digest("base64url"));
  });
});

test("a token request is made once more with the nonce that the server wants", async () => {
  const tools = {
    ...toolsOf({
      [`${ISSUER}/token`]: ({ headers }) => {
        if (read(headers.get("dpop")!).claims["nonce"] === "n1") return { "access_token": "a", "token_type": "DPoP" };
        return Response.json({ error: "use_dpop_nonce" }, { status: 400, headers: { "dpop-nonce": "n1" } });
      },
    }),
    prover: await prover(),
  };
  const held = { accessToken: "old", tokenType: "DPoP", refreshToken: "r", receivedAt: 0 } as const;
  expect(await refresh(held, clientOf(), await discovered(), tools)).toMatchObject({
    accessToken: "a",
    tokenType: "DPoP",
  });
  expect(tools.wire.asked.length).toBe(2);
});

test("a server that always wants another nonce is asked twice", async () => {
  const tools = {
    ...toolsOf({ [`${ISSUER}/token`]: () => Response.json({ error: "use_dpop_nonce" }, { status: 400 }) }),
    prover: await prover(),
  };
  const held = { accessToken: "old", tokenType: "DPoP", refreshToken: "r", receivedAt: 0 } as const;
  const error = await refresh(held, clientOf(), await discovered(), tools).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "token_refused", oauthError: "use_dpop_nonce" });
  expect(tools.wire.asked.length).toBe(2);
});
