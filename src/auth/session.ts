import type { HttpWire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { Vault } from "../vault/vault.ts";
import { AskingLimit } from "./asking_limit.ts";
import type { AuthChallenge } from "./challenge.ts";
import type { Prover } from "./dpop.ts";
import type { Owner } from "./owner.ts";
import { Redemptions } from "./redemptions.ts";
import { type Grant, Records } from "./records.ts";
import type { JsonObject } from "./settings.ts";
import type { TokenSet } from "./token_endpoint.ts";
import { bearerLife, bearerOf, isFresh, isOver, type Life, timeLeft } from "./token_life.ts";
import type { Credentials, Refusal, Remedy } from "./with_auth.ts";

/** What a session of tokens needs. */
export interface TokenSessionOptions {
  readonly owner: Owner;
  readonly vault: Vault;
  readonly wire: HttpWire;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Whether the id token is what the server gets to see. */
  readonly useIdToken: boolean;
  /** What the end of the process waits for. */
  readonly redemptions?: Redemptions | undefined;
  /** Has a person sign in, or somebody in their place; settles once the tokens are in the vault. */
  signIn(wish: SignInWish): Promise<void>;
  /** Is told why a token was not renewed. */
  onunrenewed?(cause: BridgeError): void;
}

/** What a sign-in is to bring. */
export interface SignInWish {
  readonly challenge: AuthChallenge | undefined;
  /** The token that does not do; a sign-in that has brought another one already need not be done again. */
  readonly instead: string | undefined;
  /** What is asked for beyond what was granted, where a grant is too narrow. */
  readonly stepUp: boolean;
  /** To be called before a page is opened, or a code shown; throws `sign_in_required` where there were too many of late. */
  onasking(): void;
}

/** What is known of the credential: where it comes from, and what it is. */
interface Credential {
  readonly grant: Grant;
  readonly tokens: TokenSet;
}

/** How often a token that still lives is tried to be renewed at most, in ms. */
const AHEAD_PAUSE_MS = 30_000;

/**
 * The token of one server and account: the only reader and writer of its refresh token. However many requests and
 * processes meet a token that has ended, one of them renews it and the others get what that brought.
 */
export class TokenSession implements Credentials {
  readonly #options: TokenSessionOptions;
  readonly #records: Records;
  readonly #asking: AskingLimit;
  readonly #redemptions: Redemptions;
  #known: Credential | undefined;
  /** Refresh tokens that are not to be sent again though they may stand in the vault, and what there is instead. */
  readonly #spent = new Set<string>();
  #instead: TokenSet | undefined;
  #isRead = false;
  #renewedAheadAt = -Infinity;
  #refreshing: Promise<boolean> | undefined;
  #signingIn: Promise<void> | undefined;
  #prover: { readonly key: string; readonly prover: Prover } | undefined;

  constructor(options: TokenSessionOptions) {
    this.#options = options;
    this.#records = new Records(options.vault, options.owner);
    this.#asking = new AskingLimit(options.clock, options.owner.server);
    this.#redemptions = options.redemptions ?? new Redemptions(options.clock, options.notify);
  }

  get prover(): Prover | undefined {
    return this.#known?.grant.proofKey === undefined ? undefined : this.#prover?.prover;
  }

  current(): Promise<string | undefined> | string | undefined {
    const known = this.#known;
    if (known !== undefined && isFresh(this.#life(known.tokens), this.#now())) return this.#bearer(known.tokens);
    return this.#isRead && known === undefined ? undefined : this.#currentLater();
  }

  async #currentLater(): Promise<string | undefined> {
    if (!this.#isRead) await this.#read();
    if (this.#known === undefined) return undefined;
    if (isOver(this.#life(this.#known.tokens), this.#now())) {
      await this.#refresh(this.#bearer(this.#known.tokens));
    } else if (!isFresh(this.#life(this.#known.tokens), this.#now())) {
      this.#renewAhead(this.#bearer(this.#known.tokens));
    }
    return this.#known === undefined ? undefined : this.#bearer(this.#known.tokens);
  }

  /** Renews a token that still lives, in the background; after a failure not again at once. */
  #renewAhead(token: string): void {
    const now = this.#now();
    if (now - this.#renewedAheadAt < AHEAD_PAUSE_MS) return;
    this.#renewedAheadAt = now;
    void this.#refresh(token).catch(() => {});
  }

  async better(refusal: Refusal): Promise<{ token: string; by: Remedy | undefined }> {
    const { used, status, tried, challenge } = refusal;
    await this.#read();
    const adopted = this.#tokenOtherThan(used);
    if (adopted !== undefined && status === 401) return { token: adopted, by: undefined };
    if (status === 401 && !tried.has("refresh") && this.#known?.tokens.refreshToken !== undefined) {
      const isRenewed = await this.#refresh(used);
      const renewed = isRenewed ? this.#knownOtherThan(used) : undefined;
      if (renewed !== undefined) return { token: renewed, by: "refresh" };
    }
    const by = status === 403 ? "step_up" : "sign_in";
    if (tried.has(by)) throw refusedAgain(status, this.#options.owner.server);
    const instead = status === 401 && this.#known !== undefined ? this.#bearer(this.#known.tokens) : used;
    await this.#signIn({ challenge, instead, stepUp: status === 403, onasking: () => this.#asking.count() });
    const brought = this.#knownOtherThan(instead);
    if (brought === undefined) throw refusedAgain(status, this.#options.owner.server);
    return { token: brought, by };
  }

  async #read(): Promise<void> {
    const grant = await this.#records.grant();
    const tokens = grant && this.#unspent(await this.#records.tokens(grant));
    if (grant?.proofKey !== undefined) await this.#prepareProofs(grant.proofKey);
    this.#known = grant === undefined || tokens === undefined ? undefined : { grant, tokens };
    this.#isRead = true;
  }

  /** What the vault has, unless it could not be told that this is spent. */
  #unspent(kept: TokenSet | undefined): TokenSet | undefined {
    if (kept?.refreshToken !== undefined && this.#spent.has(kept.refreshToken)) return this.#instead;
    this.#spent.clear();
    return kept;
  }

  /** From here on the refresh token counts as spent, whatever the vault says; it stands there until `keep` has settled. */
  async #spend(refreshToken: string, instead: TokenSet | undefined, keep: () => Promise<void>): Promise<void> {
    this.#spent.add(refreshToken);
    this.#instead = instead;
    await keep();
    this.#spent.clear();
  }

  async #prepareProofs(key: JsonObject): Promise<void> {
    const text = JSON.stringify(key);
    if (this.#prover?.key === text) return;
    const { createProver } = await import("./dpop.ts");
    this.#prover = { key: text, prover: await createProver(key) };
  }

  /** The token that is known now, where that is another one and still good. */
  #tokenOtherThan(used: string | undefined): string | undefined {
    return this.#known === undefined || isOver(this.#life(this.#known.tokens), this.#now())
      ? undefined
      : this.#knownOtherThan(used);
  }

  /** The same however short its life is: what has just been brought is worth a try. */
  #knownOtherThan(used: string | undefined): string | undefined {
    const token = this.#known && this.#bearer(this.#known.tokens);
    return token === used ? undefined : token;
  }

  /** Has the token renewed by whoever comes first; false where there is none that could be. */
  #refresh(used: string | undefined): Promise<boolean> {
    return this.#refreshing ??= this.#refreshInTurn(used).finally(() => this.#refreshing = undefined);
  }

  async #refreshInTurn(used: string | undefined): Promise<boolean> {
    const { vault } = this.#options;
    return await vault.withLock(this.#records.lockOf("refresh"), async () => {
      await this.#read();
      if (this.#tokenOtherThan(used) !== undefined) return true;
      return await this.#redemptions.run(() => this.#redeemRefreshToken());
    });
  }

  /** Redeems the refresh token, under the lock; false where that brings no other token. */
  async #redeemRefreshToken(): Promise<boolean> {
    const { wire, clock, notify } = this.#options;
    if (this.#known === undefined) return false;
    const { grant, tokens } = this.#known;
    if (tokens.refreshToken === undefined) {
      if (timeLeft(this.#life(tokens), this.#now()) <= 0) this.#known = undefined;
      return false;
    }
    const { renew } = await import("./renewal.ts");
    const renewal = await renew(tokens, grant, { wire, clock, prover: this.prover });
    if (renewal.kind === "renewed") {
      this.#known = { grant, tokens: renewal.tokens };
      await this.#save(grant, tokens.refreshToken, renewal.tokens);
      notify({ level: "debug", text: "renewed the token" });
      return true;
    }
    this.#options.onunrenewed?.(toBridgeError(renewal.cause));
    switch (renewal.kind) {
      case "refused":
        notify({
          level: "info",
          text: `the token is not renewed, and a new sign-in is needed: ${renewal.cause.message}`,
        });
        await this.#giveUp(grant, tokens.refreshToken, renewal.oauthError);
        return false;
      case "lost":
        await this.#loseRefreshToken(grant, tokens, renewal.cause);
        return false;
      case "unspent":
        // The access token may live, and the next request finds out.
        if (timeLeft(this.#life(tokens), this.#now()) <= 0) throw renewal.cause;
        return false;
    }
  }

  /** What may have been spent is gone: with the access token's end a person signs in. */
  async #loseRefreshToken(grant: Grant, tokens: TokenSet, { message }: BridgeError): Promise<void> {
    const { refreshToken, ...rest } = tokens;
    this.#known = timeLeft(this.#life(tokens), this.#now()) <= 0 ? undefined : { grant, tokens: rest };
    this.#options.notify({ level: "warn", text: `the renewed token is lost, and a new sign-in is needed: ${message}` });
    await this.#spend(refreshToken!, rest, () => this.#records.update(grant, this.#spent, rest));
  }

  /** The token works though it cannot be kept, which is said once. */
  async #save(grant: Grant, spent: string, tokens: TokenSet): Promise<void> {
    const wasKept = this.#spent.size === 0;
    try {
      await this.#spend(spent, tokens, () => this.#records.saveTokens(grant, tokens));
    } catch (thrown) {
      if (!wasKept) return;
      const { message } = toBridgeError(thrown);
      this.#options.notify({ level: "warn", text: `the new token is not kept, and this run alone has it: ${message}` });
    }
  }

  /** A grant that has ended, or a client that the authorization server does not know any more, is asked for anew. */
  async #giveUp(grant: Grant, refreshToken: string, oauthError: string | undefined): Promise<void> {
    this.#known = undefined;
    await this.#spend(refreshToken, undefined, () => this.#records.update(grant, this.#spent, undefined));
    const { client, discovery } = grant;
    const isForgotten = oauthError === "invalid_client" || oauthError === "unauthorized_client";
    if (isForgotten && client.kind === "dynamic") await this.#records.forgetClient(discovery, client);
  }

  async #signIn(wish: SignInWish): Promise<void> {
    await (this.#signingIn ??= this.#options.signIn(wish).finally(() => this.#signingIn = undefined));
    await this.#read();
  }

  #bearer(tokens: TokenSet): string {
    return bearerOf(tokens, this.#options.useIdToken);
  }

  /** Of what the server gets to see. */
  #life(tokens: TokenSet): Life {
    return bearerLife(tokens, this.#options.useIdToken);
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function refusedAgain(status: 401 | 403, server: string): BridgeError {
  const what = status === 403 ? "wants more than it grants" : "refuses the token that it has just been given";
  return new BridgeError("sign_in_required", `the server ${what} (${status})`, {
    hint: `run "mcp-bridge login ${server}", or ask whoever runs it`,
  });
}
