import { describe, expect, test } from "bun:test";
import { generateKeyPairSync, verify } from "node:crypto";
import { authenticate, type Client, registeredMethod, staticClient } from "../../../src/auth/client.ts";
import type { ClientInfo } from "../../../src/auth/settings.ts";
import { clientOf, discovered, failureOf, ISSUER } from "./rig.ts";

const ENDPOINT = new URL(`${ISSUER}/token`);

async function shown(client: Client): Promise<{ headers: Headers; form: URLSearchParams }> {
  const request = { headers: new Headers(), form: new URLSearchParams(), endpoint: ENDPOINT };
  await authenticate(client, (await discovered()).metadata, request);
  return request;
}

describe("a client shows who it is", () => {
  test("by its name alone", async () => {
    const { headers, form } = await shown(clientOf());
    expect([...headers, ...form]).toEqual([["client_id", "me"]]);
  });

  test("by Basic, id and secret escaped as in a form", async () => {
    const { headers, form } = await shown(
      clientOf({ clientId: "a:b", clientSecret: "x/y+ %=", authMethod: "client_secret_basic" }),
    );
    expect(headers.get("authorization")).toBe(`Basic ${btoa("a%3Ab:x%2Fy%2B+%25%3D")}`);
    expect([...form]).toEqual([]);
  });

  test("by a secret in the body", async () => {
    const { headers, form } = await shown(clientOf({ clientSecret: "s", authMethod: "client_secret_post" }));
    expect([...headers]).toEqual([]);
    expect(Object.fromEntries(form)).toEqual({ "client_id": "me", "client_secret": "s" });
  });

  test.each(["PEM", "JWK"])("by an assertion for the issuer, signed with a key in %s", async (format) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = format === "PEM"
      ? privateKey.export({ type: "pkcs8", format: "pem" }) as string
      : privateKey.export({ format: "jwk" }) as Record<string, unknown>;
    const { form } = await shown(clientOf({ privateKey: key, authMethod: "private_key_jwt" }));
    expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    expect(form.get("client_id")).toBe("me");
    const [head, claims, signature] = form.get("client_assertion")!.split(".") as [string, string, string];
    expect(JSON.parse(atob(claims))).toMatchObject({ iss: "me", sub: "me", aud: ISSUER });
    const bytes = Buffer.from(signature, "base64url");
    const isSigned = verify(
      "sha256",
      Buffer.from(`${head}.${claims}`),
      { key: publicKey, dsaEncoding: "ieee-p1363" },
      bytes,
    );
    expect(isSigned).toBe(true);
  });

  test("and a key that cannot sign is an error without the key", async () => {
    for (const privateKey of ["sentinel", undefined, { kty: "sentinel" }]) {
      const error = await failureOf(shown(clientOf({ privateKey, authMethod: "private_key_jwt" })));
      expect(error.code).toBe("bad_argument");
      expect(Bun.inspect(error)).not.toContain("sentinel");
    }
  });

  test("to no other issuer than its own, unless it is a document", async () => {
    for (const kind of ["static", "dynamic"] as const) {
      const error = await failureOf(shown(clientOf({ issuer: "https://old.example.com", kind })));
      expect(error.code).toBe("registration_refused");
      expect(error.hint).toContain(kind === "static" ? "--static-oauth-client-info" : "mcp-bridge login");
    }
    await shown(clientOf({ issuer: "https://old.example.com", kind: "document" }));
  });
});

describe("a client that a person gave authenticates", () => {
  const TABLE: [info: ClientInfo, supported: string[] | undefined, method: Client["authMethod"]][] = [
    [{ "client_id": "c" }, undefined, "none"],
    [{ "client_id": "c", "client_secret": "" }, ["client_secret_basic"], "none"],
    [{ "client_id": "c", "client_secret": "s" }, undefined, "client_secret_basic"],
    [{ "client_id": "c", "client_secret": "s" }, ["client_secret_basic", "client_secret_post"], "client_secret_basic"],
    [{ "client_id": "c", "client_secret": "s" }, ["client_secret_post"], "client_secret_post"],
    [{ "client_id": "c", "client_secret": "s" }, ["private_key_jwt"], "client_secret_basic"],
    [{ "client_id": "c", "client_secret": "s/=" }, ["client_secret_basic", "client_secret_post"], "client_secret_post"],
    [{ "client_id": "c:d", "client_secret": "s" }, ["client_secret_basic", "client_secret_post"], "client_secret_post"],
    [{ "client_id": "c", "client_secret": "s/=" }, ["client_secret_basic"], "client_secret_basic"],
    [
      { "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "client_secret_post" },
      undefined,
      "client_secret_post",
    ],
    [{ "client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "x" }, undefined, "client_secret_basic"],
    [{ "client_id": "c", "private_key": "PEM" }, undefined, "private_key_jwt"],
    [
      { "client_id": "c", "private_key": { kty: "EC" }, "token_endpoint_auth_signing_alg": "ES384" },
      undefined,
      "private_key_jwt",
    ],
  ];
  test.each(TABLE)("%j, where the server takes %j, by %s", async (info, supported, method) => {
    const { metadata } = await discovered({ "token_endpoint_auth_methods_supported": supported });
    const client = staticClient(info, metadata);
    expect(client).toMatchObject({ clientId: info.client_id, kind: "static", issuer: ISSUER, authMethod: method });
    expect(client.clientSecret).toBe(info.client_secret || undefined);
    expect(client.privateKey).toEqual(info["private_key"] as Client["privateKey"]);
    expect(client.signingAlg).toBe(info["token_endpoint_auth_signing_alg"] as Client["signingAlg"]);
  });

  test("where it was registered for, as far as it says", async () => {
    const { metadata } = await discovered();
    const uris = (said: unknown): unknown =>
      staticClient({ "client_id": "c", "redirect_uris": said }, metadata).redirectUris;
    expect(uris(["http://localhost:1/cb", 7])).toEqual(["http://localhost:1/cb"]);
    expect([undefined, "http://localhost:1/cb", [], [7]].map(uris)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("without a secret by its name", async () => {
    expect(registeredMethod(undefined, "c", undefined, (await discovered()).metadata)).toBe("none");
  });
});
