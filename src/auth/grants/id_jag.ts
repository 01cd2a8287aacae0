import { BridgeError } from "../../platform/errors.ts";
import type { Client } from "../client.ts";
import { refusalOf } from "../refusal.ts";
import { chooseScope } from "../scope.ts";
import type { ServerMetadata } from "../server_metadata.ts";
import { askTokenEndpoint, secretsOf, type TokenSet, type TokenSource, type TokenTools } from "../token_endpoint.ts";
import { addTarget, type GrantWish } from "./grant.ts";
import { signInByStatement } from "./jwt_bearer.ts";

const ID_JAG = "urn:ietf:params:oauth:token-type:id-jag";

/** Who vouches for the person: an enterprise's identity provider, and what it gave at the person's sign-in there. */
export interface IdentityProvider {
  readonly source: TokenSource;
  readonly client: Client;
  /** Either will do. */
  readonly subject: { kind: "id_token" | "refresh_token"; token: string };
}

/** Whether an authorization server takes an identity provider's word (MCP extension `enterprise-managed-authorization`). */
export function takesIdJag(metadata: ServerMetadata): boolean {
  return metadata.grantProfiles?.includes("urn:ietf:params:oauth:grant-profile:id-jag") === true;
}

/**
 * Signs in by the word of an identity provider: it gives a statement for this authorization server alone (RFC 8693,
 * 2.1), which is exchanged for tokens there (RFC 7523, 2.1).
 *
 * @throws {BridgeError} as `requestTokens`, for either of both; `bad_token_answer` for what is no statement
 */
export async function signInByProvider(
  wish: GrantWish,
  provider: IdentityProvider,
  tools: TokenTools,
): Promise<TokenSet> {
  const { source, client, subject } = provider;
  const form = new URLSearchParams({
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "requested_token_type": ID_JAG,
    "audience": wish.discovery.issuer,
    "subject_token": subject.token,
    "subject_token_type": `urn:ietf:params:oauth:token-type:${subject.kind}`,
  });
  addTarget(form, wish, chooseScope(wish));
  const { url, reply } = await askTokenEndpoint(form, client, source, tools);
  const { access_token: statement, issued_token_type: type } = (reply.json ?? {}) as Record<string, unknown>;
  if (reply.status !== 200) {
    const hint = 'put a fresh id token into the file of "--idp-token-file"';
    throw refusalOf(reply, url, "token", hint, secretsOf(form, client));
  }
  if (type !== ID_JAG || typeof statement !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(statement)) {
    throw new BridgeError("bad_token_answer", `what ${url.host} gave is no statement about the person`, {
      hint: "ask whoever runs the identity provider",
    });
  }
  return await signInByStatement(statement, wish, tools);
}
