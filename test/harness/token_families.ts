/** The tokens of an authorization server: families of them, of which a spent member gives the thief away. */
import { Log } from "./log.ts";

/** What was granted to a client. */
export interface Grant {
  /** The client's id. */
  readonly client: string;
  /** Scopes with spaces between; empty for none. */
  readonly scope: string;
  /** The resources that were named (RFC 8707), as they were written. */
  readonly resources: readonly string[];
}

/** All tokens that stem from one grant. */
export interface Family {
  readonly number: number;
  readonly grant: Grant;
  /** How often one of its refresh tokens was redeemed. */
  redemptions: number;
  /** Whether its tokens are worth nothing any more. */
  revoked: boolean;
}

/** What only a thief, or a client that races with itself, does. */
export interface Alarm {
  /** What was redeemed though it was spent. */
  readonly spent: "code" | "refresh token";
  readonly family: Family;
}

/** How long things last, in seconds. */
export interface Lifetimes {
  code: number;
  access: number;
  refresh: number;
  device: number;
}

/** What an access token is worth now. */
export type Worth =
  | { readonly kind: "good"; readonly family: Family; readonly scope: string; readonly expires: number }
  | { readonly kind: "unknown" | "expired" | "revoked" };

/** The tokens of one answer. */
export interface Tokens {
  readonly access: string;
  readonly refresh: string | undefined;
  readonly scope: string;
  readonly family: Family;
}

/** What a code is bound to. */
export interface CodeBinding {
  readonly redirectUri: string;
  /** The S256 challenge. */
  readonly challenge: string;
}

/** Says no in the words of RFC 6749, section 5.2. */
export class Refusal extends Error {
  /** What is said, as JSON or as parameters. */
  readonly answer: Readonly<Record<string, string>>;
  readonly status: number;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.answer = { error, "error_description": description };
    this.status = status;
  }
}

interface Secret {
  readonly family: Family;
  readonly scope: string;
  /** On the clock of the server, in ms; sooner when a test says so. */
  expires: number;
}

interface Code extends Secret {
  readonly binding: CodeBinding;
  spent: boolean;
}

interface RefreshToken extends Secret {
  /** When it was first redeemed, in ms, if a new one took its place. */
  spentAt: number | undefined;
}

/** Issues tokens, redeems each once, and remembers them all. */
export class TokenFamilies {
  /** Stands in every secret, and nowhere else in the world. */
  readonly marker = `marked${crypto.randomUUID().replaceAll("-", "")}`;
  /** What is worth a sweep: every secret so far. */
  readonly secrets: string[] = [];
  readonly families: Family[] = [];
  /** Every alarm so far. One that no test takes is thrown at the end. */
  readonly alarms = new Log<Alarm>();
  /** `id` is what an id token says of its end; as the access token where it is not set. */
  readonly lifetimes: Lifetimes & { id?: number } = { code: 60, access: 3_600, refresh: 86_400, device: 600 };
  /** Whether a redeemed refresh token is replaced by a new one. */
  rotates = true;
  /** How long a spent refresh token is taken once more without an alarm, in seconds. */
  grace = 0;
  /** The server's clock, in ms since 1970. */
  now: () => number = Date.now;
  readonly #codes = new Map<string, Code>();
  readonly #access = new Map<string, Secret>();
  readonly #refresh = new Map<string, RefreshToken>();
  #taken = 0;

  /** How many refresh tokens were redeemed, in all families. */
  get redemptions(): number {
    return this.families.reduce((sum, { redemptions }) => sum + redemptions, 0);
  }

  /** Makes a secret that a sweep finds. */
  secret(kind: string): string {
    const secret = `${kind}-${this.marker}-${crypto.randomUUID()}`;
    this.secrets.push(secret);
    return secret;
  }

  /** A code for a new family, to be redeemed once. */
  code(grant: Grant, binding: CodeBinding): string {
    const code = this.secret("code");
    this.#codes.set(code, {
      ...this.#lasting(this.#family(grant), grant.scope, "code"),
      binding,
      spent: false,
    });
    return code;
  }

  /**
   * What a code is bound to, to be checked against what its bearer says. A code that is spent revokes its family (RFC
   * 6749, section 4.1.2).
   *
   * @throws {Refusal} `invalid_grant`
   */
  redeemCode(code: string): { family: Family; binding: CodeBinding } {
    const known = this.#codes.get(code);
    if (known === undefined) throw new Refusal("invalid_grant", "the code is unknown");
    if (known.spent) this.#raise("code", known.family);
    known.spent = true;
    if (known.expires <= this.now()) throw new Refusal("invalid_grant", "the code has expired");
    return known;
  }

  /** Tokens for a grant that needs no code. */
  issue(grant: Grant, withRefresh: boolean): Tokens {
    return this.tokens(this.#family(grant), grant.scope, withRefresh);
  }

  /** Tokens of a family. */
  tokens(family: Family, scope: string, withRefresh: boolean): Tokens {
    const access = this.secret("access");
    this.#access.set(access, this.#lasting(family, scope, "access"));
    return { access, refresh: withRefresh ? this.#newRefresh(family) : undefined, scope, family };
  }

  /**
   * Redeems a refresh token. One that is spent revokes its family and raises the alarm (RFC 9700, section 4.14.2),
   * unless the grace still runs.
   *
   * @throws {Refusal} `invalid_grant`, `invalid_scope`
   */
  refresh(token: string, client: string, scope: string | null): Tokens {
    const known = this.#refresh.get(token);
    if (known === undefined) throw new Refusal("invalid_grant", "the refresh token is unknown");
    const { family } = known;
    if (family.grant.client !== client) throw new Refusal("invalid_grant", "the refresh token is another client's");
    const now = this.now();
    if (known.spentAt !== undefined && now - known.spentAt >= this.grace * 1_000) this.#raise("refresh token", family);
    if (family.revoked) throw new Refusal("invalid_grant", "the refresh token was revoked");
    if (known.expires <= now) throw new Refusal("invalid_grant", "the refresh token has expired");
    const wanted = scope ?? family.grant.scope;
    const wider = words(wanted).filter((word) => !words(family.grant.scope).includes(word));
    if (wider.length > 0) throw new Refusal("invalid_scope", `${wider.join(" ")} was not granted`);
    family.redemptions++;
    if (!this.rotates) return { ...this.tokens(family, wanted, false), refresh: token };
    known.spentAt ??= now;
    return this.tokens(family, wanted, true);
  }

  /** What an access token is worth now. */
  worth(token: string): Worth {
    const known = this.#access.get(token);
    if (known === undefined) return { kind: "unknown" };
    if (known.family.revoked) return { kind: "revoked" };
    return known.expires <= this.now() ? { kind: "expired" } : { kind: "good", ...known };
  }

  /** Lets another text, an id token say, be worth as much as an access token. */
  equate(text: string, access: string): void {
    this.#access.set(text, this.#access.get(access)!);
  }

  /** Lets the access tokens that are out expire at once. */
  expireAccess(): void {
    for (const token of this.#access.values()) token.expires = this.now();
  }

  /** Revokes the family of a token of any kind; gives it, if the token is known. */
  revoke(token: string): Family | undefined {
    const family = (this.#access.get(token) ?? this.#refresh.get(token))?.family;
    if (family !== undefined) family.revoked = true;
    return family;
  }

  /** The alarms since the last time, which a test takes to say that it expected them. */
  takeAlarms(): Alarm[] {
    const alarms = this.alarms.items.slice(this.#taken);
    this.#taken = this.alarms.items.length;
    return alarms;
  }

  #family(grant: Grant): Family {
    const family = { number: this.families.length + 1, grant, redemptions: 0, revoked: false };
    this.families.push(family);
    return family;
  }

  #newRefresh(family: Family): string {
    const token = this.secret("refresh");
    this.#refresh.set(token, { ...this.#lasting(family, family.grant.scope, "refresh"), spentAt: undefined });
    return token;
  }

  #lasting(family: Family, scope: string, kind: keyof Lifetimes): Secret {
    return { family, scope, expires: this.now() + this.lifetimes[kind] * 1_000 };
  }

  #raise(spent: Alarm["spent"], family: Family): never {
    family.revoked = true;
    this.alarms.add({ spent, family });
    throw new Refusal("invalid_grant", `the ${spent} was redeemed before`);
  }
}

/** The words of a scope. */
export function words(scope: string): string[] {
  return scope.split(" ").filter((word) => word !== "");
}
