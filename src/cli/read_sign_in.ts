import { DERIVED_PARAMETERS, TAKEN_CALLBACK_PATHS } from "../auth/reserved.ts";
import type { ClientInfo, IdentityProviderSettings, SignInSettings } from "../auth/settings.ts";
import { BridgeError } from "../platform/errors.ts";
import { readPeriod, readPort } from "./arguments.ts";
import type { FlagValues } from "./command.ts";
import { readJson } from "./json_argument.ts";
import { readEndpoint, readMetadataUrl, readSuccessUrl, readTokenEndpoint } from "./sign_in_addresses.ts";
import type { SIGN_IN_FLAGS } from "./sign_in_flags.ts";
import type { Environment } from "./variables.ts";

/** What was said of signing in. */
type Said = FlagValues<typeof SIGN_IN_FLAGS>;

/** What reading the flags needs beside them. */
export interface SignInContext {
  readonly environment: Environment;
  /** Whether plain http is fine beyond this machine. */
  readonly allowHttp: boolean;
  /** Is told what could be said in a safer way. */
  advise(text: string): void;
  /** What the registry says of the server; the flags go before it. */
  readonly base?: SignInSettings | undefined;
}

/**
 * Reads how a person wants to sign in; `port` is the callback's, where one was given. No value that may be a secret
 * stands in an error.
 *
 * @throws {BridgeError} `bad_argument`, `bad_url` or `unreadable_file`
 */
export async function readSignIn(
  port: string | undefined,
  flags: Said,
  context: SignInContext,
): Promise<SignInSettings> {
  const { base, allowHttp } = context;
  const saidInfo = await readClientInfo("--static-oauth-client-info", flags["static-oauth-client-info"], context);
  const clientInfo = saidInfo ?? base?.clientInfo;
  const grant = readGrant(flags, clientInfo) ?? base?.grant ?? "browser";
  const document = flags["client-metadata-url"];
  return {
    grant,
    callbackPort: port === undefined ? base?.callbackPort : readPort("callback port", port),
    callbackHost: readHost(flags.host) ?? base?.callbackHost ??
      (port === undefined || base !== undefined ? undefined : KNOWN_HOST),
    callbackPath: readPath(flags["callback-path"]) ?? base?.callbackPath,
    successUrl: readSuccessUrl(flags["auth-success-url"], allowHttp),
    timeout: readPeriod("--auth-timeout", flags["auth-timeout"]),
    resource: readResource(flags.resource, flags["disable-resource-parameter"]) ?? base?.resource,
    authorizeParams: new Map([
      ...base?.authorizeParams ?? [],
      ...readAuthorizeParams(flags["authorize-param"], context),
    ]),
    clientMetadata: await readJson("--static-oauth-client-metadata", flags["static-oauth-client-metadata"]) ??
      base?.clientMetadata,
    clientInfo,
    clientMetadataUrl: document === undefined && base !== undefined
      ? base.clientMetadataUrl
      : readMetadataUrl(document),
    tokenEndpoint: readTokenEndpoint(flags["token-endpoint"], grant) ??
      (grant === "client_credentials" ? base?.tokenEndpoint : undefined),
    assertionFile: flags["assertion-file"],
    identityProvider: await readIdentityProvider(flags, context),
    provider: flags.provider ?? base?.provider,
    tokenCommand: readTokenCommand(flags["token-command"], flags["token-lifetime"]) ?? base?.tokenCommand,
    useIdToken: flags["use-id-token"] || base?.useIdToken === true,
    mayLackPkce: flags["allow-no-pkce"] || base?.mayLackPkce === true,
    anyNetwork: flags["allow-private-network"] || base?.anyNetwork === true,
  };
}

/** The name of this machine where somebody names the port: as mcp-remote has had that port registered. */
const KNOWN_HOST = process.platform === "win32" ? undefined : "localhost";

/** Each names a way to sign in, and excludes the others. */
const WAYS = [
  ["client-credentials", "client_credentials"],
  ["device-code", "device_code"],
  ["assertion-file", "jwt_bearer"],
  ["idp-token-endpoint", "enterprise"],
] as const;

function readGrant(
  flags: Said,
  clientInfo: ClientInfo | undefined,
): SignInSettings["grant"] | undefined {
  const [first, second] = WAYS.filter(([flag]) => flags[flag]);
  if (first === undefined) return undefined;
  if (second !== undefined) {
    throw wrong(`"--${first[0]}" and "--${second[0]}" exclude each other`, "leave one of them out");
  }
  const [flag, grant] = first;
  if (clientInfo === undefined && (grant === "client_credentials" || grant === "enterprise")) {
    throw wrong(`"--${flag}" wants the client that signs in`, 'name it with "--static-oauth-client-info @FILE"');
  }
  return grant;
}

function readTokenCommand(words: string | undefined, lifetime: string): SignInSettings["tokenCommand"] {
  if (words === undefined) return undefined;
  const command = words.split(/\s+/).filter(Boolean);
  if (command.length === 0) {
    throw wrong(
      '"--token-command" names no program',
      "for example \"--token-command 'gcloud auth print-identity-token'\"",
    );
  }
  return { command, lifetime: readPeriod("--token-lifetime", lifetime) };
}

async function readIdentityProvider(
  flags: Said,
  context: SignInContext,
): Promise<IdentityProviderSettings | undefined> {
  const { "idp-token-endpoint": endpoint, "idp-token-file": tokenFile } = flags;
  const clientInfo = await readClientInfo("--idp-client-info", flags["idp-client-info"], context);
  if (endpoint === undefined && tokenFile === undefined && clientInfo === undefined) return undefined;
  if (endpoint === undefined || tokenFile === undefined || clientInfo === undefined) {
    throw wrong(
      '"--idp-token-endpoint", "--idp-client-info" and "--idp-token-file" belong together',
      "give all three, or none",
    );
  }
  return { tokenEndpoint: readEndpoint("--idp-token-endpoint", endpoint), clientInfo, tokenFile };
}

function readHost(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`) : undefined;
  if (url !== undefined && url.host === text.toLowerCase() && url.port === "") return text;
  throw wrong(`"--host" wants the name of a host: ${JSON.stringify(text)}`, 'for example "--host 127.0.0.1"');
}

function readPath(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (TAKEN_CALLBACK_PATHS.has(text)) {
    throw wrong(`the callback path ${JSON.stringify(text)} is taken`, "choose another one");
  }
  if (text.startsWith("/") && URL.canParse(text, "http://host") && /^[^?#\s\\]*$/.test(text)) return text;
  throw wrong(
    `"--callback-path" wants a path that begins with a slash: ${JSON.stringify(text)}`,
    'for example "--callback-path /oauth/callback"',
  );
}

function readResource(text: string | undefined, disabled: boolean): SignInSettings["resource"] {
  const uri = text?.trim();
  if (disabled || uri === "") return { kind: "none" };
  if (uri === undefined) return undefined;
  if (URL.canParse(uri) && !uri.includes("#")) return { kind: "given", uri };
  throw wrong(
    `"--resource" wants an absolute URI without a fragment: ${JSON.stringify(uri)}`,
    'for example "--resource https://example.com/mcp"',
  );
}

function readAuthorizeParams(texts: readonly string[], { advise }: SignInContext): ReadonlyMap<string, string> {
  return new Map(texts.map((text) => {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(equals, 0)).trim();
    if (name === "") {
      throw wrong(
        'an "--authorize-param" is not of the form KEY=VALUE',
        'write it like "--authorize-param prompt=consent"',
      );
    }
    if (DERIVED_PARAMETERS.has(name)) {
      throw wrong(`"--authorize-param" cannot set "${name}": each sign-in has its own`, "leave it out");
    }
    if (name === "resource") {
      advise('"--authorize-param resource=..." is for the authorization request alone: use "--resource URI"');
    }
    return [name, text.slice(equals + 1)];
  }));
}

async function readClientInfo(
  flag: string,
  text: string | undefined,
  context: SignInContext,
): Promise<ClientInfo | undefined> {
  const said = await readJson(flag, text, context.environment);
  if (said === undefined) return undefined;
  const { client_id: id, client_secret: secret } = said;
  if (typeof id !== "string" || id === "" || (secret !== undefined && typeof secret !== "string")) {
    throw wrong(
      `"${flag}" wants a client_id, and a client_secret that is a string`,
      `for example {"client_id":"my-client","client_secret":"\${MY_SECRET}"}`,
    );
  }
  if (secret && text?.includes(secret)) {
    context.advise(`the client_secret of "${flag}" stands in the process list: write it as "\${VAR}", or use "@FILE"`);
  }
  return said as ClientInfo;
}

function wrong(message: string, hint: string): BridgeError {
  return new BridgeError("bad_argument", message, { hint });
}
