import { type Challenge, parseChallenges } from "./challenge_syntax.ts";

/** What a server demands of whoever wants in (RFC 6750, 3; RFC 9449, 7.1; RFC 9728, 5.1). */
export interface AuthChallenge {
  readonly scheme: "bearer" | "dpop";
  /** Where the server says who may sign people in; not judged yet. */
  readonly resourceMetadata?: string;
  /** Scopes that are needed, divided by single spaces. */
  readonly scope?: string;
  /** Such as `invalid_token` or `insufficient_scope`. */
  readonly error?: string;
  readonly errorDescription?: string;
}

/** RFC 6749, 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: +[\x21\x23-\x5b\x5d-\x7e]+)*$/;

/**
 * The challenge that concerns us: of those for bearer tokens the one that names an error, otherwise the one that says
 * most; DPoP where nothing else will do. Parameters that are not written as their RFC has them are left out.
 */
export function authChallenge(headers: Headers): AuthChallenge | undefined {
  const known = parseChallenges(headers).flatMap(readChallenge);
  const best = known.toSorted((one, other) => worth(other) - worth(one))[0];
  const resourceMetadata = known.find((challenge) => challenge.resourceMetadata !== undefined)?.resourceMetadata;
  if (best === undefined || best.resourceMetadata !== undefined || resourceMetadata === undefined) return best;
  return { ...best, resourceMetadata };
}

function readChallenge({ scheme, params }: Challenge): AuthChallenge[] {
  if (scheme !== "bearer" && scheme !== "dpop") return [];
  const scope = params.get("scope")?.trim();
  const error = params.get("error");
  const said = {
    resourceMetadata: params.get("resource_metadata"),
    scope: scope !== undefined && SCOPE.test(scope) ? scope.replace(/ +/g, " ") : undefined,
    error: error !== undefined && SCOPE.test(error) ? error : undefined,
    errorDescription: params.get("error_description"),
  };
  const present = Object.entries(said).filter(([, value]) => value !== undefined && value !== "");
  return [{ scheme, ...Object.fromEntries(present) }];
}

function worth(challenge: AuthChallenge): number {
  const { scheme, error, resourceMetadata, scope } = challenge;
  return (scheme === "bearer" ? 8 : 0) + (error === undefined ? 0 : 4) + (resourceMetadata === undefined ? 0 : 2) +
    (scope === undefined ? 0 : 1);
}
