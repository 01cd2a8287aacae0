import { type Grant, Records } from "../auth/records.ts";
import type { TokenSet } from "../auth/token_endpoint.ts";
import type { HttpWire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { Vault } from "../vault/vault.ts";

/** A server where somebody is signed in, without a secret. */
export interface SignedIn {
  readonly server: string;
  readonly account: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string | undefined;
  /** When the access token ends, in ms; nothing where it does not, or where nobody said. */
  readonly expiresAt: number | undefined;
  /** Whether it is renewed without a person. */
  readonly renews: boolean;
}

/** All servers and accounts that the vault holds tokens for. */
export async function listAccounts(vault: Vault): Promise<SignedIn[]> {
  const accounts: SignedIn[] = [];
  for (const { key, value } of await vault.entries("grants")) {
    const [server, account] = JSON.parse(key) as [string, string];
    const { discovery, client, scope } = value as Grant;
    const tokens = await new Records(vault, { server, account }).tokens(value as Grant);
    if (tokens === undefined) continue;
    accounts.push({
      server,
      account,
      issuer: discovery.issuer,
      clientId: client.clientId,
      scope: tokens.scope ?? scope,
      expiresAt: tokens.expiresAt,
      renews: tokens.refreshToken !== undefined,
    });
  }
  return accounts;
}

/** A server and account with a sign-in of another program, which the first use takes over. */
export type Imported = Pick<SignedIn, "server" | "account">;

/** All servers and accounts whose sign-in is still to be taken over; `signedIn` are those of `listAccounts`. */
export async function listImported(vault: Vault, signedIn: readonly SignedIn[]): Promise<Imported[]> {
  const imported = (await vault.entries("imported")).map(({ key }) => JSON.parse(key) as [string, string]);
  return imported.map(([server, account]) => ({ server, account }))
    .filter((one) => !signedIn.some(({ server, account }) => server === one.server && account === one.account));
}

/** What signing out needs. */
export interface SignOutParts {
  readonly server: string;
  readonly account: string;
  readonly vault: Vault;
  readonly wire: HttpWire;
  readonly clock: Clock;
  readonly notify: Notify;
}

/**
 * Forgets the tokens of a server and account, and asks the authorization server to do so too (RFC 7009); what that says
 * changes nothing here. False where there were none.
 */
export async function signOut(parts: SignOutParts): Promise<boolean> {
  const { vault, server, account } = parts;
  const records = new Records(vault, { server, account });
  return await vault.withLock(records.lockOf("refresh"), async () => {
    const grant = await records.grant();
    const tokens = grant && await records.tokens(grant);
    await records.forget(grant);
    if (grant === undefined || tokens === undefined) return false;
    await revokeQuietly(parts, grant, tokens);
    return true;
  });
}

async function revokeQuietly({ wire, clock, notify }: SignOutParts, grant: Grant, tokens: TokenSet): Promise<void> {
  const { revoke } = await import("../auth/token.ts");
  try {
    await revoke(tokens, grant.client, grant.discovery, {
      wire,
      clock,
      anyNetwork: grant.discovery.anyNetwork === true,
    });
  } catch (thrown) {
    const { message } = toBridgeError(thrown);
    notify({ level: "warn", text: `${grant.discovery.issuer} did not revoke the tokens: ${message}` });
  }
}
