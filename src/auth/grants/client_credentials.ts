import type { Discovery } from "../discover.ts";
import { canonicalResource } from "../resource.ts";
import { chooseScope } from "../scope.ts";
import { requestTokens, type TokenSet, type TokenTools } from "../token_endpoint.ts";
import { addTarget, type GrantWish } from "./grant.ts";

/**
 * Signs in as the client itself, without a person (RFC 6749, 4.4; MCP extension `oauth-client-credentials`). There is
 * nothing to refresh: the same is done again.
 *
 * @throws {BridgeError} as `requestTokens`
 */
export async function signInAsClient(wish: GrantWish, tools: TokenTools): Promise<TokenSet> {
  const form = new URLSearchParams({ "grant_type": "client_credentials" });
  addTarget(form, wish, chooseScope(wish));
  return await requestTokens(form, wish.client, wish.discovery, tools);
}

/**
 * What stands in for a discovery where a person names the token endpoint of an MCP server. The issuer, which nobody
 * knows, is the endpoint; it is not judged by the server's place, since it is no word of the server.
 */
export function undiscovered(tokenEndpoint: URL, server: URL): Discovery {
  const { href } = tokenEndpoint;
  return {
    server: href,
    resource: canonicalResource(server),
    issuer: href,
    authorizationServers: [],
    scopesSupported: undefined,
    metadata: { issuer: href, tokenEndpoint: href, takesDocuments: false, promisesIssuer: false },
    pkce: "none",
    isFallback: false,
    steps: [],
  };
}
