import type { JsonObject, SignInSettings } from "../auth/settings.ts";
import type { ImportedClient } from "../auth/imported.ts";
import { kindOfHeader } from "../net/header_rules.ts";
import { type SecretValue, sortValues } from "../registry/entry_secrets.ts";
import { type SignInWords, storeNames, usualPort } from "../registry/mcp_remote/store_place.ts";
import type { WrittenEntry } from "../registry/schema.ts";
import { PROTOCOLS, STRATEGIES } from "../transport/choices.ts";
import { readChoice, readKeepAlive, readPort, readSeconds } from "./arguments.ts";
import { type FlagValues, readWords } from "./command.ts";
import { CONNECT_FLAGS, connectCommand } from "./connect.ts";
import { isDocument, type NamedClient, readClient, readNamedFile, readObject } from "./mcp_remote_client.ts";

type Values = FlagValues<typeof CONNECT_FLAGS>;

/** What mcp-remote is told, as an entry of servers.json. */
export interface McpRemoteEntry {
  /** Without headers that are secrets. */
  readonly written: WrittenEntry;
  /** Headers that are secrets. */
  readonly secretHeaders: Readonly<Record<string, SecretValue>>;
  /** The secret of the client that a person named. */
  readonly clientSecret: SecretValue | undefined;
  /** Flags that an entry has no place for, as words behind the server's name. */
  readonly rest: readonly string[];
  /** By what mcp-remote keeps its sign-in. */
  readonly signIn: SignInWords;
  readonly resource: SignInSettings["resource"];
  /** The client that a person named, or its document; nothing where one was registered. */
  readonly client: ImportedClient | undefined;
}

/** Flags that mean the same behind a server's name, and have no place in an entry. */
const REST = ["auth-success-url", "auth-timeout"] as const;
const REST_OUTPUT = ["debug", "silent"] as const;

/**
 * Reads what mcp-remote is told, by the table of the flags that we take from it. `env` is what stands beside that in the
 * client's configuration.
 *
 * @throws {BridgeError} `bad_argument`, `bad_url`, `bad_header`, `unreadable_file`
 * @throws {ForeignReference}
 */
export async function readMcpRemote(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  platform: NodeJS.Platform,
): Promise<McpRemoteEntry> {
  const { operands: [url = "", port], flags, words: said } = await readWords(connectCommand, words);
  const isSaid = (name: string): boolean => said.includes(`--${name}`);
  const lines = flags.header.map(splitLine).filter((line) => line !== undefined);
  const fromFiles = await headersOfFiles(flags["header-file"]);
  const headers = sortValues(free(lines), env);
  const client = await readClient(flags, env);
  const signIn = signInWords(url, flags, { ...Object.fromEntries(lines), ...fromFiles });
  const written: WrittenEntry = defined({
    url,
    headers: filled(headers.plain),
    allowHttp: flags["allow-http"] || undefined,
    transport: isSaid("transport") ? readChoice("--transport", flags.transport, STRATEGIES) : undefined,
    protocol: isSaid("protocol") ? readChoice("--protocol", flags.protocol, PROTOCOLS) : undefined,
    tools: flags["ignore-tool"].length === 0 ? undefined : { deny: flags["ignore-tool"] },
    timeouts: filled(defined({
      connect: isSaid("connect-timeout") ? secondsOf("connect-timeout", flags) : undefined,
      headers: isSaid("headers-timeout") ? secondsOf("headers-timeout", flags) : undefined,
      body: isSaid("body-timeout") ? secondsOf("body-timeout", flags) : undefined,
    })),
    keepAlive: readKeepAlive(flags["keep-alive"], flags["ping-interval"]) / 1_000 || undefined,
    ipv4: flags.ipv4 || undefined,
    cookies: flags["disable-cookies"] ? false : undefined,
    oauth: filled(await readOauth(flags, port, client, signIn, platform)),
  });
  return {
    written,
    secretHeaders: headers.secret,
    clientSecret: client.secret,
    rest: await restOf(said, flags, client.isInFile),
    signIn,
    resource: resourceOf(flags),
    client: client.imported,
  };
}

/** What mcp-remote takes for a header; the rest it leaves out. */
function splitLine(line: string): [name: string, value: string] | undefined {
  const [, name, value] = /^([A-Za-z0-9_-]+):\s*(.*)$/.exec(line) ?? [];
  return name === undefined ? undefined : [name, value!];
}

function free(lines: readonly (readonly [string, string])[]): Record<string, string> {
  const kept = lines.filter(([name]) => kindOfHeader(name) === "free");
  return Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), value.trim()]));
}

/** The headers in files count for the name of the sign-in alone: they stay where they are. */
async function headersOfFiles(files: readonly string[]): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const file of files) {
    const text = await readNamedFile("--header-file", file);
    const lines = text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
    Object.assign(headers, Object.fromEntries(lines.map(splitLine).filter((line) => line !== undefined)));
  }
  return headers;
}

function signInWords(url: string, flags: Values, headers: Record<string, string>): SignInWords {
  const resource = flags["disable-resource-parameter"] ? undefined : flags.resource?.trim() || undefined;
  const document = flags["client-metadata-url"]?.trim() || undefined;
  const endpoint = flags["token-endpoint"]?.trim();
  return defined({
    url,
    resource,
    authorizeParams: paramsOf(flags),
    headers,
    clientMetadataUrl: document !== undefined && isDocument(document) ? document : undefined,
    tokenEndpoint: endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint).href : undefined,
  }) as SignInWords;
}

function paramsOf(flags: Values): Record<string, string> {
  return Object.fromEntries(flags["authorize-param"].map((text) => {
    const equals = text.indexOf("=");
    return [text.slice(0, Math.max(equals, 0)).trim(), text.slice(equals + 1)];
  }));
}

function resourceOf(flags: Values): SignInSettings["resource"] {
  const uri = flags.resource?.trim();
  if (flags["disable-resource-parameter"] || uri === "") return { kind: "none" };
  return uri === undefined ? undefined : { kind: "given", uri };
}

async function readOauth(
  flags: Values,
  port: string | undefined,
  client: NamedClient,
  signIn: SignInWords,
  platform: NodeJS.Platform,
): Promise<NonNullable<WrittenEntry["oauth"]>> {
  const metadata = await readObject("static-oauth-client-metadata", flags);
  const scope = metadata?.["scope"];
  const resource = resourceOf(flags);
  // Where somebody has registered the address that the browser comes back to, it is to stay as mcp-remote has it.
  const isPinned = port !== undefined || client.imported !== undefined;
  const host = flags.host ?? (isPinned && platform !== "win32" ? "localhost" : undefined);
  const usual = isPinned ? usualPort(storeNames(signIn, { folder: "mcp-remote-v1", naming: "all" })[0]!) : undefined;
  return defined({
    grant: flags["client-credentials"] ? "client_credentials" : flags["device-code"] ? "device_code" : undefined,
    scope: typeof scope === "string" && scope.trim() !== "" ? scope : undefined,
    clientId: client.isInFile || client.imported?.kind !== "static" ? undefined : client.imported.clientId,
    clientSecret: client.reference,
    resource: resource === undefined ? undefined : resource.kind === "given" ? resource.uri : "",
    callbackPort: port === undefined ? usual : readPort("callback port", port),
    callbackHost: host,
    callbackPath: flags["callback-path"],
    clientMetadataUrl: flags["client-metadata-url"]?.trim(),
    tokenEndpoint: flags["token-endpoint"]?.trim(),
    authorizeParams: filled(paramsOf(flags)),
    useIdToken: flags["use-id-token"] || undefined,
  });
}

/** The flags without a place, as they were said. */
async function restOf(said: readonly string[], flags: Values, isClientInFile: boolean): Promise<string[]> {
  const words: string[] = flags["header-file"].flatMap((file) => ["--header-file", file]);
  for (const name of [...REST, ...REST_OUTPUT]) {
    if (!said.includes(`--${name}`)) continue;
    words.push(`--${name}`, ...(CONNECT_FLAGS[name].type === "boolean" ? [] : [String(flags[name])]));
  }
  if (isClientInFile) words.push("--static-oauth-client-info", flags["static-oauth-client-info"]!);
  const metadata = await readObject("static-oauth-client-metadata", flags);
  if (hasMoreThanScope(metadata)) words.push("--static-oauth-client-metadata", flags["static-oauth-client-metadata"]!);
  return words;
}

function hasMoreThanScope(metadata: JsonObject = {}): boolean {
  return Object.keys(metadata).some((name) => name !== "scope");
}

function secondsOf(name: "connect-timeout" | "headers-timeout" | "body-timeout", flags: Values): number {
  return readSeconds(`--${name}`, flags[name]) / 1_000;
}

type Defined<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** The members that are there. */
function defined<Values extends object>(values: Values): Defined<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<Values>;
}

function filled<Values extends object>(values: Values): Values | undefined {
  return Object.keys(values).length === 0 ? undefined : values;
}
