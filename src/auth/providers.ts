import { BridgeError, quoted } from "../platform/errors.ts";
import type { Discovery } from "./discover.ts";
import type { ServerMetadata } from "./server_metadata.ts";

type Arctic = typeof import("arctic");

/** What a provider's own documentation says, since it publishes no metadata that an MCP server could name. */
interface Provider {
  /** An authorization request with nothing of ours in it: where it goes, and what this provider wants in each. */
  readonly request: (arctic: Arctic) => URL;
  readonly token: string;
  readonly revoke?: string;
  /** What it says in `iss`; otherwise the origin where people consent. */
  readonly issuer?: string;
  /** Asked for where nobody says otherwise. */
  readonly scopes?: readonly string[];
  readonly authMethod?: "client_secret_post";
}

const PROVIDERS: Readonly<Record<string, Provider>> = {
  atlassian: {
    request: ({ Atlassian }) => new Atlassian("", "", "").createAuthorizationURL("", []),
    token: "https://auth.atlassian.com/oauth/token",
    scopes: ["offline_access"],
    authMethod: "client_secret_post",
  },
  discord: {
    request: ({ Discord }) => new Discord("", "", "").createAuthorizationURL("", null, []),
    token: "https://discord.com/api/oauth2/token",
    revoke: "https://discord.com/api/oauth2/token/revoke",
    scopes: ["identify"],
  },
  dropbox: {
    request: ({ Dropbox }) => new Dropbox("", "", "").createAuthorizationURL("", []),
    token: "https://api.dropboxapi.com/oauth2/token",
  },
  github: {
    request: ({ GitHub }) => new GitHub("", "", null).createAuthorizationURL("", []),
    token: "https://github.com/login/oauth/access_token",
    issuer: "https://github.com/login/oauth",
  },
  gitlab: {
    request: ({ GitLab }) => new GitLab("https://gitlab.com", "", "", "").createAuthorizationURL("", []),
    token: "https://gitlab.com/oauth/token",
    revoke: "https://gitlab.com/oauth/revoke",
  },
  google: {
    request: ({ Google }) => new Google("", "", "").createAuthorizationURL("", "", []),
    token: "https://oauth2.googleapis.com/token",
    revoke: "https://oauth2.googleapis.com/revoke",
    scopes: ["openid"],
  },
  linear: {
    request: ({ Linear }) => new Linear("", "", "").createAuthorizationURL("", []),
    token: "https://api.linear.app/oauth/token",
    scopes: ["read"],
    authMethod: "client_secret_post",
  },
  microsoft: {
    request: ({ MicrosoftEntraId }) => new MicrosoftEntraId("common", "", null, "").createAuthorizationURL("", "", []),
    token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    scopes: ["openid", "offline_access"],
    authMethod: "client_secret_post",
  },
  notion: {
    request: ({ Notion }) => new Notion("", "", "").createAuthorizationURL(""),
    token: "https://api.notion.com/v1/oauth/token",
  },
  zoom: {
    request: ({ Zoom }) => new Zoom("", "", "").createAuthorizationURL("", "", []),
    token: "https://zoom.us/oauth/token",
    revoke: "https://zoom.us/oauth/revoke",
  },
};

/** What each sign-in has of its own. */
const OWN = [
  "response_type",
  "client_id",
  "redirect_uri",
  "state",
  "scope",
  "code_challenge",
  "code_challenge_method",
];

/** The names that `discoverProvider` takes. */
export const PROVIDER_NAMES: readonly string[] = Object.keys(PROVIDERS);

/**
 * What stands in for a discovery where a person names the provider that signs people in for a server. None of them
 * registers clients, and none knows `resource`. arctic knows their authorization requests; its token requests are not
 * used, since they pass the gate by.
 *
 * @throws {BridgeError} `bad_argument` for a name that is not among them
 */
export async function discoverProvider(name: string, server: URL): Promise<Discovery> {
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined;
  if (provider === undefined) {
    throw new BridgeError("bad_argument", `there is no provider ${quoted(name)}`, {
      hint: `name one of ${PROVIDER_NAMES.join(", ")}`,
    });
  }
  const request = provider.request(await import("arctic"));
  for (const parameter of OWN) request.searchParams.delete(parameter);
  const issuer = provider.issuer ?? request.origin;
  const metadata: ServerMetadata = {
    issuer,
    authorizationEndpoint: request.href,
    tokenEndpoint: provider.token,
    ...(provider.revoke === undefined ? {} : { revocationEndpoint: provider.revoke }),
    ...(provider.authMethod === undefined ? {} : { tokenAuthMethods: [provider.authMethod] }),
    takesDocuments: false,
    promisesIssuer: false,
  };
  return {
    server: server.href,
    resource: undefined,
    issuer,
    authorizationServers: [issuer],
    scopesSupported: provider.scopes,
    metadata,
    // A person chose it by name: PKCE is sent, and what does not know it ignores it (RFC 6749, 3.1).
    pkce: "assumed",
    isFallback: false,
    steps: [],
  };
}
