import { BridgeError, quoted } from "../platform/errors.ts";
import type { AuthTools } from "./ask.ts";
import { safeAddress } from "./addresses.ts";

/** What we go by of an authorization server's metadata (RFC 8414, 2; OpenID Connect Discovery, 3); addresses are judged. */
export interface ServerMetadata {
  /** Verbatim. */
  readonly issuer: string;
  readonly authorizationEndpoint?: string;
  readonly tokenEndpoint?: string;
  readonly registrationEndpoint?: string;
  readonly revocationEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly scopesSupported?: readonly string[];
  readonly responseTypes?: readonly string[];
  readonly grantTypes?: readonly string[];
  /** Profiles of grants, such as the ID-JAG. */
  readonly grantProfiles?: readonly string[];
  /** How clients authenticate at the token endpoint. */
  readonly tokenAuthMethods?: readonly string[];
  /** Absent where it names none in a list. */
  readonly codeChallengeMethods?: readonly string[];
  /** By which algorithms a token can be bound to a key (RFC 9449, 5.1). */
  readonly proofAlgs?: readonly string[];
  /** Whether a client may be the address of a document that describes it. */
  readonly takesDocuments: boolean;
  /** Whether the browser comes back with `iss` (RFC 9207, 3). */
  readonly promisesIssuer: boolean;
}

const ENDPOINTS = [
  ["authorization_endpoint", "authorizationEndpoint"],
  ["token_endpoint", "tokenEndpoint"],
  ["registration_endpoint", "registrationEndpoint"],
  ["revocation_endpoint", "revocationEndpoint"],
  ["device_authorization_endpoint", "deviceAuthorizationEndpoint"],
] as const;

/**
 * Reads a metadata document; members that we do not go by are left out. `server` is the MCP server, by whose place the
 * addresses are judged.
 *
 * @throws {BridgeError} `bad_metadata`, `unsafe_address`
 */
export async function readServerMetadata(json: unknown, server: URL, tools: AuthTools): Promise<ServerMetadata> {
  const { array, boolean, nullish, object, optional, string, unknown } = await import("zod/mini");
  const texts = nullish(array(string()));
  const parsed = object({
    issuer: string(),
    "authorization_endpoint": nullish(string()),
    "token_endpoint": nullish(string()),
    "registration_endpoint": nullish(string()),
    "revocation_endpoint": nullish(string()),
    "device_authorization_endpoint": nullish(string()),
    "scopes_supported": texts,
    "response_types_supported": texts,
    "grant_types_supported": texts,
    "authorization_grant_profiles_supported": texts,
    "token_endpoint_auth_methods_supported": texts,
    "code_challenge_methods_supported": optional(unknown()),
    "dpop_signing_alg_values_supported": optional(unknown()),
    "client_id_metadata_document_supported": nullish(boolean()),
    "authorization_response_iss_parameter_supported": nullish(boolean()),
  }).safeParse(json);
  if (!parsed.success) throw misshapen("the authorization server", parsed.error.issues);
  const { data } = parsed;
  const endpoints: { [name in typeof ENDPOINTS[number][1]]?: string } = {};
  for (const [published, name] of ENDPOINTS) {
    const text = data[published];
    if (typeof text === "string") endpoints[name] = (await safeAddress(text, published, server, tools)).href;
  }
  const lists = {
    scopesSupported: data.scopes_supported,
    responseTypes: data.response_types_supported,
    grantTypes: data.grant_types_supported,
    grantProfiles: data.authorization_grant_profiles_supported,
    tokenAuthMethods: data.token_endpoint_auth_methods_supported,
    codeChallengeMethods: textsIn(data.code_challenge_methods_supported),
    proofAlgs: textsIn(data.dpop_signing_alg_values_supported),
  };
  return {
    issuer: data.issuer,
    ...endpoints,
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined && list !== null)),
    takesDocuments: data.client_id_metadata_document_supported === true,
    promisesIssuer: data.authorization_response_iss_parameter_supported === true,
  };
}

/** The texts of a list; nothing where there is no list. */
function textsIn(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : undefined;
}

/** The error for a document whose members have other shapes than those of their specification. */
export function misshapen(whose: string, issues: readonly { path: PropertyKey[] }[]): BridgeError {
  const path = issues[0]?.path.join(".") ?? "";
  const where = path === "" ? "is no JSON object" : `has a wrong ${quoted(path, 60)}`;
  return new BridgeError("bad_metadata", `the metadata of ${whose} ${where}`, {
    hint: "ask whoever runs the server to correct it",
  });
}
