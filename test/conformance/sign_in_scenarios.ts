/** The scenarios of the suite in which a client signs in. Its authorization servers approve by themselves. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** One of them. */
export interface SignInScenario {
  readonly name: string;
  readonly revisions: readonly string[];
  /** What the executable must do for it. */
  readonly needs: string;
  /** Whether the sign-in must come to nothing, of which the client is told. */
  readonly refused?: true;
  /** The flags that the suite's context makes necessary; `folder` takes files. */
  readonly flags?: (context: Context, folder: string) => string[];
}

/** What the suite tells its client beforehand, secrets among it. */
export type Context = Readonly<Record<string, string>>;

const OLDEST = ["2025-03-26"];
const BOTH = ["2025-11-25", "2026-07-28"];
const ALL = ["2025-06-18", ...BOTH];
const MODERN = ["2026-07-28"];
// The suite plays what belongs to an extension in this revision.
const EXTENSION = ["2025-11-25"];

/** All of them, with what each needs. */
export const SIGN_IN_SCENARIOS: readonly SignInScenario[] = [
  {
    name: "auth/metadata-default",
    revisions: BOTH,
    needs: "resource metadata by the challenge, the server's at the root, nothing asked for at the root beside it",
  },
  { name: "auth/metadata-var1", revisions: BOTH, needs: "resource metadata without a challenge; OpenID's metadata" },
  {
    name: "auth/metadata-var2",
    revisions: BOTH,
    needs: "resource metadata at the root, sent back verbatim; an issuer with a path",
  },
  {
    name: "auth/metadata-var3",
    revisions: BOTH,
    needs: "resource metadata where only the challenge says; OpenID's metadata below the issuer's path",
  },
  {
    name: "auth/basic-cimd",
    revisions: BOTH,
    needs: "a client-ID metadata document in place of registration",
    flags: () => ["--client-metadata-url", "https://conformance-test.local/client-metadata.json"],
  },
  { name: "auth/scope-from-www-authenticate", revisions: BOTH, needs: "the scope of the challenge" },
  { name: "auth/scope-from-scopes-supported", revisions: BOTH, needs: "else every scope of the resource metadata" },
  { name: "auth/scope-omitted-when-undefined", revisions: BOTH, needs: "else no scope at all" },
  {
    name: "auth/scope-step-up",
    revisions: BOTH,
    needs: "a sign-in in mid-session for more scope after a 403; from 2026-07-28 on for the union",
  },
  { name: "auth/scope-retry-limit", revisions: BOTH, needs: "three authorisations at most", refused: true },
  { name: "auth/token-endpoint-auth-basic", revisions: ALL, needs: "the secret in the header, as registered" },
  { name: "auth/token-endpoint-auth-post", revisions: ALL, needs: "the secret in the form, as registered" },
  { name: "auth/token-endpoint-auth-none", revisions: ALL, needs: "no secret, as registered" },
  {
    name: "auth/pre-registration",
    revisions: BOTH,
    needs: "a client that a person registered, of one issuer",
    flags: clientInfo,
  },
  {
    name: "auth/2025-03-26-oauth-metadata-backcompat",
    revisions: OLDEST,
    needs: "without resource metadata, the server's own origin as the issuer",
  },
  {
    name: "auth/2025-03-26-oauth-endpoint-fallback",
    revisions: OLDEST,
    needs: "without any metadata, /authorize, /token and /register",
  },
  { name: "auth/resource-mismatch", revisions: MODERN, needs: "metadata of another resource refused", refused: true },
  {
    name: "auth/offline-access-scope",
    revisions: MODERN,
    needs: "offline_access where it is offered, refresh_token among the grants",
  },
  { name: "auth/offline-access-not-supported", revisions: MODERN, needs: "no offline_access where it is not offered" },
  {
    name: "auth/authorization-server-migration",
    revisions: MODERN,
    needs: "metadata read again after a 401, and a registration at the new issuer",
  },
  { name: "auth/iss-supported", revisions: MODERN, needs: "an iss that is right" },
  { name: "auth/iss-not-advertised", revisions: MODERN, needs: "no iss where none was promised" },
  { name: "auth/iss-supported-missing", revisions: MODERN, needs: "a missing iss refused", refused: true },
  { name: "auth/iss-wrong-issuer", revisions: MODERN, needs: "another iss refused", refused: true },
  {
    name: "auth/iss-unexpected",
    revisions: MODERN,
    needs: "another iss refused, though none was promised",
    refused: true,
  },
  { name: "auth/iss-normalized", revisions: MODERN, needs: "an iss with one more slash refused", refused: true },
  {
    name: "auth/metadata-issuer-mismatch",
    revisions: MODERN,
    needs: "metadata of another issuer refused",
    refused: true,
  },
  {
    name: "auth/client-credentials-basic",
    revisions: EXTENSION,
    needs: "a sign-in by the client's secret alone",
    flags: (context, folder) => [...clientInfo(context, folder), "--client-credentials"],
  },
  {
    name: "auth/client-credentials-jwt",
    revisions: EXTENSION,
    needs: "a sign-in by the client's key alone (private_key_jwt, ES256)",
    flags: ({ client_id: id, private_key_pem: key }, folder) => [
      ...clientFile({ "client_id": id, "private_key": key, "token_endpoint_auth_signing_alg": "ES256" }, folder),
      "--client-credentials",
    ],
  },
  {
    name: "auth/enterprise-managed-authorization",
    revisions: EXTENSION,
    needs: "an exchange of the company's id token for an ID-JAG, and of that for a token",
    flags: (context, folder) => [
      ...clientInfo(context, folder),
      "--idp-token-endpoint",
      context.idp_token_endpoint!,
      "--idp-client-info",
      JSON.stringify({ "client_id": context.idp_client_id }),
      "--idp-token-file",
      textFile("id_token", context.idp_id_token!, folder),
    ],
  },
  { name: "auth/dpop", revisions: EXTENSION, needs: "a proof of possession with each request" },
  { name: "auth/dpop-nonce", revisions: EXTENSION, needs: "such a proof with the nonces of both servers" },
  {
    name: "auth/wif-jwt-bearer",
    revisions: EXTENSION,
    needs: "a sign-in by the workload's own token, asked for once",
    flags: (context, folder) => ["--assertion-file", textFile("jwt", context.valid_jwt!, folder)],
  },
];

/** Names the client that the suite has registered, in a file, as a person would who keeps secrets out of the words. */
function clientInfo({ client_id: id, client_secret: secret }: Context, folder: string): string[] {
  return clientFile({ "client_id": id, "client_secret": secret }, folder);
}

function clientFile(info: Record<string, unknown>, folder: string): string[] {
  return ["--static-oauth-client-info", `@${textFile("client.json", JSON.stringify(info), folder)}`];
}

function textFile(name: string, text: string, folder: string): string {
  const file = join(folder, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
