import { BridgeError, quoted } from "../platform/errors.ts";
import type { Client, ClientEntry } from "../registry/clients/client.ts";
import { ForeignReference, type SecretValue, sortValues } from "../registry/entry_secrets.ts";
import { maskedCommand } from "../registry/mask.ts";
import { readCommandLine } from "../registry/mcp_remote/command_line.ts";
import { storeFolder } from "../registry/mcp_remote/store_place.ts";
import type { WrittenEntry } from "../registry/schema.ts";
import { type McpRemoteEntry, readMcpRemote } from "./mcp_remote_entry.ts";

/** A secret of an entry, and where it belongs. */
export interface PlannedSecret {
  readonly member: "headers" | "env" | "clientSecret";
  readonly name: string;
  readonly secret: SecretValue;
}

/** What an entry of a client comes to. */
export type EntryReading =
  | {
    readonly kind: "server";
    /** Without its secrets. */
    readonly written: WrittenEntry;
    readonly secrets: readonly PlannedSecret[];
    /** Flags of mcp-remote that servers.json has no place for. */
    readonly rest: readonly string[];
    /** Of what runs mcp-remote. */
    readonly remote: (McpRemoteEntry & { readonly store: string | undefined }) | undefined;
  }
  /** One that runs us, or is none of what is wanted. */
  | { readonly kind: "passed_over" }
  | { readonly kind: "left_out"; readonly reason: string };

/** Reads an entry; runs nothing. Of those that do not run mcp-remote, only `all` are wanted. */
export async function readEntry(
  client: Client,
  own: ClientEntry,
  all: boolean,
  platform: NodeJS.Platform,
): Promise<EntryReading> {
  const entry = withCommonReferences(client, own);
  try {
    if (entry.command !== undefined) return await readProgram(entry, entry.command, all, platform);
    return all && entry.url !== undefined ? readAddress(entry, entry.url) : { kind: "passed_over" };
  } catch (thrown) {
    if (thrown instanceof ForeignReference) return leftOut(thrown.message);
    if (!(thrown instanceof BridgeError)) throw thrown;
    return leftOut(thrown.message);
  }
}

/** An entry whose texts name variables as ours do. */
function withCommonReferences(client: Client, entry: ClientEntry): ClientEntry {
  const read = client.withCommonReferences;
  if (read === undefined) return entry;
  const all = (values: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, read(value)]));
  const url = entry.url === undefined ? undefined : read(entry.url);
  return { ...entry, args: entry.args.map(read), env: all(entry.env), headers: all(entry.headers), url };
}

async function readProgram(
  entry: ClientEntry,
  command: string,
  all: boolean,
  platform: NodeJS.Platform,
): Promise<EntryReading> {
  const { args, env, cwd } = entry;
  const read = readCommandLine({ command, args, env });
  if (read.kind === "unclear") return leftOut(`it ${read.reason}`);
  if (read.kind === "mcp_remote") {
    const remote = await readMcpRemote(read.words, read.env, platform);
    const secrets: PlannedSecret[] = secretsOf("headers", remote.secretHeaders);
    if (remote.clientSecret !== undefined) {
      secrets.push({ member: "clientSecret", name: "client-secret", secret: remote.clientSecret });
    }
    const named = read.env["MCP_REMOTE_CONFIG_DIR"];
    const own = { platform, env: { "MCP_REMOTE_CONFIG_DIR": named } };
    const store = named === undefined ? undefined : storeFolder(own) ?? "";
    return { kind: "server", written: remote.written, secrets, rest: remote.rest, remote: { ...remote, store } };
  }
  if (!all || /(?:^|[\\/])mcp-bridge(?:\.exe)?$/i.test(command)) return { kind: "passed_over" };
  // No reference of ours stands in arguments: who looks at the processes would see the secret.
  const shown = maskedCommand({ command, args });
  if (shown.some((word, place) => word !== [command, ...args][place])) {
    return leftOut('its arguments hold what looks like a credential: add it with "mcp-bridge add" and "--secret-env"');
  }
  if (args.some((word) => word.includes("${"))) return leftOut("its arguments hold references of its client");
  const { plain, secret } = sortValues(env);
  const written = { command, args, ...(cwd === undefined ? {} : { cwd }), ...filled("env", plain) };
  return { kind: "server", written, secrets: secretsOf("env", secret), rest: [], remote: undefined };
}

function readAddress({ url: text, headers, env, type }: ClientEntry, url: string): EntryReading {
  if (text?.includes("${")) return leftOut("its address holds a reference");
  const { plain, secret } = sortValues(headers, env);
  const written: WrittenEntry = {
    url,
    ...(type === "sse" ? { transport: "sse-first" } : {}),
    ...filled("headers", plain),
  };
  return { kind: "server", written, secrets: secretsOf("headers", secret), rest: [], remote: undefined };
}

function secretsOf(
  member: PlannedSecret["member"],
  secrets: Readonly<Record<string, SecretValue>>,
): PlannedSecret[] {
  return Object.entries(secrets).map(([name, secret]) => ({ member, name, secret }));
}

function filled(name: "headers" | "env", values: Readonly<Record<string, string>>): Partial<WrittenEntry> {
  return Object.keys(values).length === 0 ? {} : { [name]: values };
}

function leftOut(reason: string): EntryReading {
  return { kind: "left_out", reason };
}

/** A name of somebody else's, away from the terminal's controls. */
export function shownName(name: string): string {
  return quoted(name, 60);
}
