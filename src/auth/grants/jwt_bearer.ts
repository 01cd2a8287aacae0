import type { Client } from "../client.ts";
import { chooseScope } from "../scope.ts";
import { requestTokens, type TokenSet, type TokenTools } from "../token_endpoint.ts";
import { addTarget, type GrantWish } from "./grant.ts";

/**
 * Signs in by a signed statement of somebody whom the authorization server trusts (RFC 7523, 2.1), such as a platform
 * that runs us. Without a `client` the statement says who asks, as with workload identities.
 *
 * @throws {BridgeError} as `requestTokens`
 */
export async function signInByStatement(
  statement: string,
  wish: Omit<GrantWish, "client"> & { readonly client: Client | undefined },
  tools: TokenTools,
): Promise<TokenSet> {
  const form = new URLSearchParams({
    "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
    "assertion": statement,
  });
  addTarget(form, wish, chooseScope(wish));
  return await requestTokens(form, wish.client, wish.discovery, tools);
}
