import { BridgeError } from "../platform/errors.ts";
import { safeAddress } from "./addresses.ts";
import { ask } from "./ask.ts";
import { authenticate, type Client } from "./client.ts";
import { quirksOf } from "./quirks.ts";
import { refusalOf } from "./refusal.ts";
import { idTokenLife, isOver } from "./token_life.ts";
import { requestTokens, secretsOf, type TokenSet, type TokenSource, type TokenTools } from "./token_endpoint.ts";

/**
 * Exchanges a refresh token for fresh tokens (RFC 6749, 6). What the answer leaves out stays: the refresh token, unless
 * the server rotates it, the scope, the id token. Never to be made twice at a time with one refresh token.
 *
 * @throws {BridgeError} `sign_in_required` where there is no refresh token, and as `requestTokens`
 */
export async function refresh(
  tokens: TokenSet,
  client: Client,
  source: TokenSource,
  tools: TokenTools,
): Promise<TokenSet> {
  const { refreshToken, scope, idToken, idTokenExpiresAt, resource } = tokens;
  if (refreshToken === undefined) {
    throw new BridgeError("sign_in_required", "the authorization server gave nothing to refresh the token with", {
      hint: 'sign in again with "mcp-bridge login"',
    });
  }
  const form = new URLSearchParams({ "grant_type": "refresh_token", "refresh_token": refreshToken });
  if (resource !== undefined) form.set("resource", resource);
  if (scope !== undefined && quirksOf(source.metadata.issuer).scopeAtRefresh) form.set("scope", scope);
  const fresh = await requestTokens(form, client, source, tools);
  // One that has ended and is not renewed would be renewed in vain with every request.
  const keepsIdToken = fresh.idToken === undefined && idToken !== undefined &&
    !isOver(idTokenLife(tokens), tools.clock.now());
  return {
    refreshToken,
    ...(scope === undefined ? {} : { scope }),
    ...(keepsIdToken ? { idToken, ...(idTokenExpiresAt === undefined ? {} : { idTokenExpiresAt }) } : {}),
    ...fresh,
  };
}

/**
 * Tells the authorization server that the tokens are not needed any more (RFC 7009): first the one that makes others.
 * Does nothing where the server has no place for that.
 *
 * @throws {BridgeError} as `requestTokens`
 */
export async function revoke(tokens: TokenSet, client: Client, source: TokenSource, tools: TokenTools): Promise<void> {
  const { metadata, server } = source;
  if (metadata.revocationEndpoint === undefined) return;
  const { refreshToken, accessToken } = tokens;
  const url = await safeAddress(metadata.revocationEndpoint, "revocation_endpoint", new URL(server), tools);
  const kinds = { "refresh_token": refreshToken, "access_token": accessToken };
  for (const [kind, token] of Object.entries(kinds)) {
    if (token === undefined) continue;
    const headers = new Headers();
    const form = new URLSearchParams({ token, "token_type_hint": kind });
    await authenticate(client, metadata, { headers, form, endpoint: url });
    const reply = await ask({ url, headers, body: form }, tools);
    const { error } = (reply.json ?? {}) as { error?: unknown };
    // Of a kind that the server cannot revoke, nothing is left to do.
    if (reply.status >= 400 && error !== "unsupported_token_type") {
      const hint = "the tokens are forgotten here; they end by themselves";
      throw refusalOf(reply, url, "revocation", hint, secretsOf(form, client));
    }
  }
}
