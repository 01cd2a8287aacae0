import { BridgeError } from "../platform/errors.ts";
import type { Table, Vault } from "../vault/vault.ts";
import type { Discovery } from "./discover.ts";
import type { Client } from "./client.ts";
import type { ImportedSignIn } from "./imported.ts";
import { type Owner, ownerKey } from "./owner.ts";
import { canonicalResource } from "./resource.ts";
import type { JsonObject } from "./settings.ts";
import type { TokenSet } from "./token_endpoint.ts";

/** What a sign-in has found out about a server and keeps: where its tokens come from, and for which client. */
export interface Grant {
  readonly version: 1;
  readonly discovery: Discovery;
  readonly client: Client;
  /** Everything that was ever asked for, which a step-up adds to; nothing where no scope was named. */
  readonly scope: string | undefined;
  /** The key that the tokens are bound to (RFC 9449), as a private JWK; nothing where they are bound to none. */
  readonly proofKey?: JsonObject | undefined;
}

/** A sign-in that waits for a person. */
export interface PendingSignIn {
  readonly version: 1;
  readonly url: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string;
  readonly proofKey?: JsonObject | undefined;
  readonly scope: string | undefined;
  readonly discovery: Discovery;
  readonly client: Client;
  /** When nobody waits for it any more, in ms. */
  readonly expiresAt: number;
}

/**
 * The rows of a server and account in the vault. Tokens are kept by these two, and by issuer, resource and client id, so
 * that none is ever used at another server or authorization server, and the lock of the owner guards all of them.
 */
export class Records {
  readonly #vault: Vault;
  readonly #server: string;
  readonly #account: string;
  readonly #owner: string;

  constructor(vault: Vault, { server, account }: Owner) {
    this.#vault = vault;
    this.#server = server;
    this.#account = account;
    this.#owner = ownerKey({ server, account });
  }

  /** Names the lock of the credential, and that of the sign-in. */
  lockOf(work: "refresh" | "sign-in"): string {
    return `${work} ${this.#owner}`;
  }

  async grant(): Promise<Grant | undefined> {
    return ofVersion(await this.#read("grants", this.#owner));
  }

  async tokens(grant: Grant): Promise<TokenSet | undefined> {
    const kept = await this.#read("tokens", this.#tokenKey(grant));
    const tokens = kept ?? (this.#hadRowAlone(grant) ? await this.#read("tokens", this.#earlierKey(grant)) : undefined);
    return tokens as TokenSet | undefined;
  }

  /** Whether there are tokens other than the one that does not do. */
  async hasOther(instead: string | undefined): Promise<boolean> {
    const grant = await this.grant();
    const tokens = grant && await this.tokens(grant);
    return tokens !== undefined &&
      (instead === undefined || (tokens.accessToken !== instead && tokens.idToken !== instead));
  }

  /** Keeps what a sign-in has brought. */
  async save(grant: Grant, tokens: TokenSet): Promise<void> {
    await this.saveTokens(grant, tokens);
    await this.#vault.put("grants", this.#owner, grant);
  }

  /** Keeps what a refresh has brought. */
  async saveTokens(grant: Grant, tokens: TokenSet): Promise<void> {
    await this.#vault.put("tokens", this.#tokenKey(grant), tokens);
    await this.#vault.remove("tokens", this.#earlierKey(grant));
  }

  /**
   * Puts `rest`, or nothing, in the place of tokens that are good for nothing, by their refresh tokens, unless others
   * have taken it already.
   */
  async update(grant: Grant, spent: ReadonlySet<string>, rest: TokenSet | undefined): Promise<void> {
    for (const key of [this.#tokenKey(grant), this.#earlierKey(grant)]) {
      await this.#vault.update("tokens", key, (current) => {
        const { refreshToken } = (current ?? {}) as Partial<TokenSet>;
        return refreshToken !== undefined && spent.has(refreshToken) ? rest : current;
      });
    }
  }

  /** Forgets everything of the owner. */
  async forget(grant: Grant | undefined): Promise<void> {
    if (grant !== undefined) {
      await this.#vault.remove("tokens", this.#tokenKey(grant));
      await this.#vault.remove("tokens", this.#earlierKey(grant));
    }
    await this.#vault.remove("grants", this.#owner);
    await this.#vault.remove("pending", this.#owner);
    await this.#vault.remove("memory", this.#owner);
    await this.forgetImported();
  }

  /** The sign-in of another program that nobody has taken over yet. */
  async imported(): Promise<ImportedSignIn | undefined> {
    return ofVersion(await this.#read("imported", this.#owner));
  }

  async saveImported(imported: ImportedSignIn): Promise<void> {
    await this.#vault.put("imported", this.#owner, imported);
  }

  async forgetImported(): Promise<void> {
    await this.#vault.remove("imported", this.#owner);
  }

  async client(discovery: Discovery, redirectUri: string): Promise<Client | undefined> {
    return await this.#read("clients", this.#clientKey(discovery, redirectUri)) as Client | undefined;
  }

  /** Keeps a client that was registered. */
  async saveClient(discovery: Discovery, redirectUri: string, client: Client): Promise<void> {
    await this.#vault.put("clients", this.#clientKey(discovery, redirectUri), client);
  }

  /** Forgets a client that the authorization server does not know any more, unless another one has taken its place. */
  async forgetClient(discovery: Discovery, { clientId, redirectUris }: Client): Promise<void> {
    for (const redirectUri of redirectUris ?? []) {
      await this.#vault.update("clients", this.#clientKey(discovery, redirectUri), (current) => {
        return (current as Client | undefined)?.clientId === clientId ? undefined : current;
      });
    }
  }

  async pending(): Promise<PendingSignIn | undefined> {
    return ofVersion(await this.#read("pending", this.#owner));
  }

  async savePending(pending: PendingSignIn | undefined): Promise<void> {
    if (pending === undefined) await this.#vault.remove("pending", this.#owner);
    else await this.#vault.put("pending", this.#owner, pending);
  }

  /** Damage is told once: a row that cannot be read is good for nothing, and in the way of the sign-in that mends it. */
  async #read(table: Table, key: string): Promise<unknown> {
    try {
      return await this.#vault.get(table, key);
    } catch (thrown) {
      if (thrown instanceof BridgeError && thrown.code === "vault_damaged") await this.#vault.remove(table, key);
      throw thrown;
    }
  }

  #tokenKey({ discovery, client }: Grant): string {
    return JSON.stringify([
      this.#server,
      discovery.issuer,
      discovery.resource ?? null,
      client.clientId,
      this.#account,
    ]);
  }

  /** By what the first versions kept tokens: servers of one resource, or of none, had a row together. */
  #earlierKey({ discovery, client }: Grant): string {
    return JSON.stringify([discovery.issuer, discovery.resource ?? null, client.clientId, this.#account]);
  }

  /** Whether a row of the first versions is sure to be for this server: its tokens are for this very address. */
  #hadRowAlone({ discovery: { resource } }: Grant): boolean {
    return resource !== undefined && URL.canParse(resource) &&
      canonicalResource(new URL(resource)) === canonicalResource(new URL(this.#server));
  }

  #clientKey({ issuer }: Discovery, redirectUri: string): string {
    return JSON.stringify([issuer, redirectUri]);
  }
}

function ofVersion<Row extends { readonly version: 1 }>(row: unknown): Row | undefined {
  return (row as Row | undefined)?.version === 1 ? row as Row : undefined;
}
