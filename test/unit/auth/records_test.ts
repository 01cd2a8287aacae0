import { beforeEach, describe, expect, test } from "bun:test";
import { type Grant, Records } from "../../../src/auth/records.ts";
import type { TokenSet } from "../../../src/auth/token_endpoint.ts";
import { grantOf } from "../../harness/grant.ts";
import { MemoryVault } from "../../harness/memory_vault.ts";

const ISSUER = "https://as.example.com";
const ONE = "https://one.example.com/mcp";
const OTHER = "https://other.example.com/mcp";
const FIRST = tokensOf("first");

let vault: MemoryVault;
beforeEach(() => {
  vault = new MemoryVault();
});

function tokensOf(name: string): TokenSet & { refreshToken: string } {
  return { accessToken: `access ${name}`, refreshToken: `refresh ${name}`, tokenType: "Bearer", receivedAt: 0 };
}

function recordsOf(server: string, account = "default"): Records {
  return new Records(vault, { server, account });
}

/** A sign-in whose tokens are for `resource`, by a client that all servers share. */
function grantFor(server: string, resource: string | undefined): Grant {
  const grant = grantOf(server, ISSUER, { clientId: "ours", kind: "static" });
  return { ...grant, discovery: { ...grant.discovery, resource } };
}

/** What a sign-in of the first versions left. */
async function leftEarlier(server: string, resource: string | undefined): Promise<Grant> {
  const grant = grantFor(server, resource);
  await vault.put("grants", JSON.stringify([server, "default"]), grant);
  await vault.put("tokens", JSON.stringify([ISSUER, resource ?? null, "ours", "default"]), FIRST);
  return grant;
}

describe("tokens of one authorization server and client", () => {
  for (const [what, resource] of [["no resource", undefined], ["one resource", "https://one.example.com"]] as const) {
    test(`are each server's own, for ${what} (A25)`, async () => {
      const grants = [ONE, OTHER].map((server) => grantFor(server, resource));
      await recordsOf(ONE).save(grants[0]!, FIRST);
      expect(await recordsOf(OTHER).tokens(grants[1]!)).toBeUndefined();
      await recordsOf(OTHER).save(grants[1]!, tokensOf("second"));
      await recordsOf(ONE).update(grants[0]!, new Set([FIRST.refreshToken]), undefined);
      expect(await recordsOf(OTHER).tokens(grants[1]!)).toEqual(tokensOf("second"));
    });
  }

  test("are each account's own", async () => {
    const grant = grantFor(ONE, undefined);
    await recordsOf(ONE).save(grant, FIRST);
    expect(await recordsOf(ONE, "work").tokens(grant)).toBeUndefined();
  });
});

describe("tokens that the first versions kept without the server's address", () => {
  test.each([[ONE, ONE], ["https://one.example.com/", "https://one.example.com"]])(
    "are those of %s where they are for %s (C29)",
    async (server, resource) => {
      const grant = await leftEarlier(server, resource);
      expect(await recordsOf(server).tokens(grant)).toEqual(FIRST);
    },
  );

  test.each([undefined, "https://one.example.com", OTHER])(
    "are nobody's where they are for %p, since they may be another server's (A25)",
    async (resource) => {
      const grant = await leftEarlier(ONE, resource);
      expect(await recordsOf(ONE).tokens(grant)).toBeUndefined();
    },
  );

  test.each<[string, (records: Records, grant: Grant) => Promise<void>]>([
    ["are renewed", (records, grant) => records.saveTokens(grant, tokensOf("second"))],
    ["are good for nothing", (records, grant) => records.update(grant, new Set([FIRST.refreshToken]), undefined)],
    ["are to be forgotten", (records, grant) => records.forget(grant)],
  ])("are gone once they %s: no spent one comes back", async (_what, work) => {
    const grant = await leftEarlier(ONE, ONE);
    await work(recordsOf(ONE), grant);
    expect(JSON.stringify([...vault.rows])).not.toContain(FIRST.refreshToken);
  });
});
