import type { AuthChallenge } from "./challenge.ts";
import type { Discovery } from "./discover.ts";
import type { SignInSettings } from "./settings.ts";

/** A scope's signs (RFC 6749, 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** By what a scope is chosen. */
export interface ScopeWish {
  readonly discovery: Discovery;
  readonly settings: Pick<SignInSettings, "clientMetadata" | "authorizeParams">;
  readonly challenge?: AuthChallenge;
  /** The scope of a token that does not suffice: of what was granted, or asked for. */
  readonly held?: string;
}

/**
 * The scope to ask for, divided by spaces: the person's, the challenge's, all that the server knows, or none. In a
 * step-up that of the token in hand as well, since asking for less takes away.
 */
export function chooseScope({ discovery, settings, challenge, held }: ScopeWish): string | undefined {
  const given = settings.authorizeParams.get("scope") ?? settings.clientMetadata?.["scope"];
  if (typeof given === "string" && held === undefined) return given === "" ? undefined : given;
  const known = discovery.scopesSupported?.filter((scope) => SCOPE.test(scope)).join(" ");
  return union(held, challenge?.scope ?? (held === undefined ? known : undefined));
}

/** The same with `offline_access` where the authorization server knows it, so that it gives a refresh token. */
export function chooseLastingScope(wish: ScopeWish): string | undefined {
  const scope = chooseScope(wish);
  const isKnown = wish.discovery.metadata.scopesSupported?.includes("offline_access") === true;
  return scope === undefined || !isKnown ? scope : union(scope, "offline_access");
}

function union(...scopes: readonly (string | undefined)[]): string | undefined {
  const all = new Set(scopes.flatMap((scope) => scope?.split(" ") ?? []).filter((scope) => scope !== ""));
  return all.size === 0 ? undefined : [...all].join(" ");
}
