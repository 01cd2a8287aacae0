import type { AuthChallenge } from "./challenge.ts";
import type { Discovery } from "./discover.ts";
import type { SignInSettings } from "./settings.ts";

/** A scope's signs (RFC 6749, 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The scope to ask for, divided by spaces: the person's, the challenge's, all that the server knows, or none. In a
 * step-up, where `held` is the scope of the token that did not suffice, both together, since asking for less takes away.
 * `offline_access` joins them where the authorization server knows it.
 */
export async function chooseScope(
  discovery: Discovery,
  settings: Pick<SignInSettings, "clientMetadata" | "authorizeParams">,
  challenge: AuthChallenge | undefined,
  held: string | undefined,
): Promise<string | undefined> {
  const given = settings.authorizeParams.get("scope") ?? settings.clientMetadata?.["scope"];
  if (typeof given === "string" && held === undefined) return given === "" ? undefined : given;
  const known = discovery.scopesSupported?.filter((scope) => SCOPE.test(scope)).join(" ");
  const { computeScopeUnion } = await import("@modelcontextprotocol/client");
  const asked = computeScopeUnion(held, challenge?.scope ?? (held === undefined ? known : undefined));
  if (asked === undefined || discovery.metadata.scopesSupported?.includes("offline_access") !== true) return asked;
  return computeScopeUnion(asked, "offline_access");
}
