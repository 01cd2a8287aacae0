import type { ImportedClient } from "../auth/imported.ts";
import type { JsonObject } from "../auth/settings.ts";
import { BridgeError } from "../platform/errors.ts";
import { readClientText } from "../registry/clients/client_file.ts";
import { type SecretValue, sortValues } from "../registry/entry_secrets.ts";
import { readJson } from "./json_argument.ts";

/** What mcp-remote is told of who it is. */
export interface ClientFlags {
  readonly "static-oauth-client-info": string | undefined;
  readonly "static-oauth-client-metadata": string | undefined;
  readonly "client-metadata-url": string | undefined;
}

/** The client that a person named. */
export interface NamedClient {
  readonly imported: ImportedClient | undefined;
  /** Its secret where that is none of the client's entry: a variable of the person's own. */
  readonly reference: string | undefined;
  readonly secret: SecretValue | undefined;
  /** Whether it stays in a file of the person's. */
  readonly isInFile: boolean;
}

/**
 * Reads the client that a person named, or its document; `env` stands beside that in the client's configuration.
 *
 * @throws {BridgeError} `bad_argument`, `unreadable_file`
 * @throws {ForeignReference}
 */
export async function readClient(flags: ClientFlags, env: Readonly<Record<string, string>>): Promise<NamedClient> {
  const none = { imported: undefined, reference: undefined, secret: undefined, isInFile: false };
  const flag = "static-oauth-client-info";
  const text = flags[flag];
  const document = flags["client-metadata-url"]?.trim();
  if (text === undefined) {
    if (document === undefined || !isDocument(document)) return none;
    return { ...none, imported: { kind: "document", clientId: document, redirectUris: [] } };
  }
  const said = await readObject(flag, flags) ?? {};
  const { client_id: clientId, client_secret: word, token_endpoint_auth_method: method } = said;
  if (typeof clientId !== "string" || clientId === "") {
    throw new BridgeError("bad_argument", `"--${flag}" names no client_id`);
  }
  const { plain, secret } = sortValues(typeof word === "string" && word !== "" ? { "client-secret": word } : {}, env);
  const reference = plain["client-secret"];
  const known = secret["client-secret"]?.value ?? resolved(reference);
  const imported: ImportedClient = {
    kind: "static",
    clientId,
    redirectUris: [],
    ...(known === undefined ? {} : { clientSecret: known }),
    ...(typeof method === "string" ? { authMethod: method } : {}),
  };
  if (text.startsWith("@")) return { ...none, imported, isInFile: true };
  return { imported, reference, secret: secret["client-secret"], isInFile: false };
}

/** What a variable of the person's own holds just now. */
function resolved(reference: string | undefined): string | undefined {
  const name = /^\$\{(\w+)\}$/.exec(reference ?? "")?.[1];
  return name === undefined ? undefined : process.env[name];
}

/** As large as a file with headers or a client may be, in characters. */
const LARGEST = 1_048_576;

/**
 * A file that somebody's configuration names. It is read as such a configuration is itself: no pipe, no device, nothing
 * large. Where the client would look for a relative path nobody knows here.
 *
 * @throws {BridgeError} `unreadable_file`
 */
export async function readNamedFile(flag: string, file: string): Promise<string> {
  if (!/^(?:[/\\]|[a-z]:[\\/])/i.test(file)) {
    throw new BridgeError("unreadable_file", `"${flag}" names a file by a relative path`, {
      hint: "write its whole path",
    });
  }
  const { text } = await readClientText(file) ?? {};
  if (text !== undefined && text.length <= LARGEST) return text;
  throw new BridgeError("unreadable_file", `the file of "${flag}" ${text === undefined ? "is gone" : "is too large"}`);
}

/**
 * An object of JSON that stands in an argument or in a file.
 *
 * @throws {BridgeError} `bad_argument`, `unreadable_file`
 */
export async function readObject(
  flag: "static-oauth-client-info" | "static-oauth-client-metadata",
  flags: ClientFlags,
): Promise<JsonObject | undefined> {
  const text = flags[flag];
  const isFile = text?.startsWith("@") === true;
  return await readJson(`--${flag}`, isFile ? await readNamedFile(`--${flag}`, text.slice(1)) : text);
}

/** Whether mcp-remote takes a text for the address of a document that describes it. */
export function isDocument(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === "https:" && new URL(text).pathname !== "/";
}
