import { beforeEach, describe, expect, test } from "bun:test";
import { type ImportedClient, type ImportedSignIn, type ImportedTokens, takeOver } from "../../../src/auth/imported.ts";
import { discover } from "../../../src/auth/discover.ts";
import { type Grant, Records } from "../../../src/auth/records.ts";
import type { TokenSet } from "../../../src/auth/token_endpoint.ts";
import type { Vault } from "../../../src/vault/vault.ts";
import { discovered, ISSUER, metadataOf, resourceOf, SERVER, toolsOf } from "./rig.ts";

const TOKENS: ImportedTokens = { accessToken: "a", refreshToken: "r", expiresAt: 2, receivedAt: 1, scope: "x" };
const CLIENT: ImportedClient = {
  kind: "dynamic",
  clientId: "theirs",
  redirectUris: ["http://localhost:9/oauth/callback"],
};
const OTHER = "https://other.example.com";

let records: Records;
beforeEach(() => {
  records = new Records(vaultInMemory(), { server: SERVER.href, account: "default" });
});

/** A vault without a file, whose locks nobody else wants. */
function vaultInMemory(): Vault {
  const rows = new Map<string, unknown>();
  return {
    get: (table, key) => Promise.resolve(rows.get(table + key)),
    put: (table, key, value) => Promise.resolve(void rows.set(table + key, structuredClone(value))),
    remove: (table, key) => Promise.resolve(void rows.delete(table + key)),
  } as Vault;
}

async function take(
  more: { tokens?: Partial<ImportedTokens>; client?: Partial<ImportedClient>; resource?: ImportedSignIn["resource"] },
  discovery = discovered(),
): Promise<{ outcome: Awaited<ReturnType<typeof takeOver>>; grant?: Grant; tokens?: TokenSet }> {
  const { tokens, client, resource } = more;
  await records.forget(await records.grant());
  await records.saveImported({
    version: 1,
    tokens: { ...TOKENS, ...tokens },
    client: { ...CLIENT, ...client },
    resource,
  });
  const outcome = await takeOver(records, await discovery);
  expect(await records.imported()).toBeUndefined();
  const grant = await records.grant();
  const kept = grant && await records.tokens(grant);
  return { outcome, ...(grant === undefined ? {} : { grant }), ...(kept === undefined ? {} : { tokens: kept }) };
}

function tokenOf(claims: object): string {
  return `${btoa('{"alg":"none"}')}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
}

test("nothing is taken over where nothing waits", async () => {
  expect(await takeOver(records, await discovered())).toEqual({ kind: "none" });
});

test("what waits beside a grant is forgotten: a process was killed, and its tokens may be spent", async () => {
  await take({});
  await records.saveImported({
    version: 1,
    tokens: { ...TOKENS, accessToken: "late" },
    client: CLIENT,
    resource: undefined,
  });
  expect(await takeOver(records, await discovered())).toEqual({ kind: "none" });
  expect(await records.imported()).toBeUndefined();
  expect((await records.tokens((await records.grant())!))!.accessToken).toBe("a");
});

describe("a sign-in", () => {
  test("becomes a grant with its client, its tokens and the resource that the server publishes", async () => {
    const { outcome, grant, tokens } = await take({ tokens: { issuer: ISSUER } });
    expect(outcome).toEqual({ kind: "taken" });
    expect(grant).toMatchObject({ client: { issuer: ISSUER, clientId: "theirs", authMethod: "none" }, scope: "x" });
    expect(tokens).toEqual({ ...TOKENS, tokenType: "Bearer", resource: SERVER.href });
    const client = await records.client(grant!.discovery, CLIENT.redirectUris[0]!);
    expect(client).toEqual(grant!.client);
  });

  test("shows its client as the server has said, or by what the server takes", async () => {
    const secret = { clientSecret: "s" };
    const said = await take({ client: { ...secret, authMethod: "client_secret_post" } });
    expect(said.grant!.client.authMethod).toBe("client_secret_post");
    const unsaid = await take(
      { client: secret },
      discovered({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }),
    );
    expect(unsaid.grant!.client.authMethod).toBe("client_secret_post");
  });

  test("names the resource that a person named, as a URL is written, or none", async () => {
    const given = await take({ resource: { kind: "given", uri: "https://Tenant.example" } });
    expect(given.tokens!.resource).toBe("https://tenant.example/");
    const none = await take({ resource: { kind: "none" } });
    expect(none.tokens).not.toHaveProperty("resource");
  });

  test("names none at a server that publishes none, as mcp-remote has not", async () => {
    const metadata = { ...metadataOf(), issuer: SERVER.origin };
    const discovery = discover(
      SERVER,
      undefined,
      toolsOf({ [`${SERVER.origin}/.well-known/oauth-authorization-server`]: metadata }),
    );
    const { outcome, tokens } = await take({}, discovery);
    expect(outcome).toEqual({ kind: "taken" });
    expect(tokens).not.toHaveProperty("resource");
  });

  test("of a client that has no registration keeps none for later", async () => {
    const { grant } = await take({ client: { kind: "static", redirectUris: [] } });
    expect(grant!.client.kind).toBe("static");
    expect(await records.client(grant!.discovery, CLIENT.redirectUris[0]!)).toBeUndefined();
  });
});

describe("the tokens of another authorization server", () => {
  const moved = { tokens: { issuer: OTHER } };

  test("are not taken, and forgotten", async () => {
    const { outcome, grant } = await take(moved);
    expect(outcome).toEqual({
      kind: "mismatch",
      reason: `"${OTHER}" gave the tokens, and the server now names "${ISSUER}"`,
    });
    expect(grant).toBeUndefined();
  });

  test("nor where the registration alone says so", async () => {
    expect((await take({ client: { issuer: OTHER } })).outcome.kind).toBe("mismatch");
  });

  test("nor where the token alone says so", async () => {
    const { outcome } = await take({ tokens: { accessToken: tokenOf({ iss: `${OTHER}/tenant` }) } });
    expect(outcome).toMatchObject({ kind: "mismatch", reason: expect.stringContaining("by their own word") });
  });

  test("are those of the same one with a slash at the end, and of one that speaks through opaque tokens", async () => {
    for (
      const tokens of [{ issuer: `${ISSUER}/` }, { accessToken: "opaque" }, { accessToken: tokenOf({ iss: ISSUER }) }]
    ) {
      expect((await take({ tokens })).outcome.kind).toBe("taken");
    }
  });

  test("are not known by the tokens of Entra ID, which have issuers of their own", async () => {
    const issuer = "https://login.microsoftonline.com/t/v2.0";
    const wire = toolsOf({
      "https://mcp.example.com/.well-known/oauth-protected-resource/mcp": resourceOf({
        "authorization_servers": [issuer],
      }),
      "https://login.microsoftonline.com/.well-known/oauth-authorization-server/t/v2.0": metadataOf({ issuer }),
    });
    const accessToken = tokenOf({ iss: "https://sts.windows.net/t/" });
    expect((await take({ tokens: { accessToken } }, discover(SERVER, undefined, wire))).outcome.kind).toBe("taken");
  });
});
