import { holdsCredential } from "../net/header_rules.ts";
import { readServerUrl } from "../net/server_url.ts";
import { BridgeError } from "../platform/errors.ts";
import { thisExecutable } from "../platform/executable.ts";
import type { Program } from "../registry/clients/client.ts";
import { nameOfAddress } from "../registry/clients/entry_name.ts";
import { registryFile } from "../registry/file.ts";
import { isLiteral } from "../registry/mask.ts";
import { readRegistry } from "../registry/registry.ts";
import { isAddress } from "./arguments.ts";
import { readWords } from "./command.ts";
import { connectCommand } from "./connect.ts";
import { findNamed } from "./named_server.ts";
import type { Environment } from "./variables.ts";

/** What an entry for all servers is called. */
const ALL = "mcp-bridge";

/** What is to be written into a client's file. */
export interface WantedEntry {
  readonly name: string;
  readonly program: Program;
}

/** What a person says of an entry. */
export interface SaidEntry {
  /** The server, by its name or address; nothing for all of `servers.json`. */
  readonly server: string | undefined;
  /** What to call it. */
  readonly name: string | undefined;
  /** Flags of `connect` that go into it. */
  readonly flags: readonly string[];
}

/**
 * The entry that a person means; it starts this executable by its whole path, on stdio.
 *
 * @throws {BridgeError} `unknown_name`, `bad_url`, `bad_argument` for flags that make no sense or hold a credential, and
 * where this is no executable
 */
export async function readWanted({ server, name, flags }: SaidEntry, environment: Environment): Promise<WantedEntry> {
  const command = await ownCommand(environment);
  if (name !== undefined) ensureName(name);
  const target = await targetOf(server, flags, environment);
  const { flags: said } = await readWords(connectCommand, [...target.words, ...flags]);
  ensureNoCredential(said.header, server);
  return {
    name: name ?? target.name,
    program: { command, args: [...target.args, ...flags], env: environmentOf(environment) },
  };
}

/**
 * The whole path by which clients start this executable.
 *
 * @throws {BridgeError} `bad_argument` where this is none
 */
export async function ownCommand(environment: Environment): Promise<string> {
  const command = await thisExecutable({ platform: process.platform, env: environment });
  if (command !== undefined) return command;
  throw new BridgeError("bad_argument", "this runs from source, and clients want an executable", {
    hint: 'build it with "bun run build", and run dist/mcp-bridge',
  });
}

interface Target {
  readonly name: string;
  /** What names it behind the executable. */
  readonly args: readonly string[];
  /** The same as words of `connect`. */
  readonly words: readonly string[];
}

async function targetOf(word: string | undefined, flags: readonly string[], environment: Environment): Promise<Target> {
  if (word === undefined) return await allServers(environment);
  const allowHttp = flags.includes("--allow-http");
  const named = isAddress(word) ? undefined : await findNamed(word, { flags: {}, words: [] }, environment, allowHttp);
  if (named !== undefined) return { name: named.entry.slug, args: [named.entry.slug], words: [named.entry.slug] };
  const url = readServerUrl(word, allowHttp);
  return { name: nameOfAddress(url), args: [word], words: [word] };
}

async function allServers(environment: Environment): Promise<Target> {
  const { servers } = await readRegistry(registryFile({ platform: process.platform, env: environment }));
  if (servers.size > 0) return { name: ALL, args: ["connect", "--all"], words: ["--all"] };
  throw new BridgeError("bad_argument", "there are no servers in servers.json yet", {
    hint: 'say the address of one, or put one there with "mcp-bridge add NAME URL"',
  });
}

/** Names that every client takes, and that need no quoting anywhere. */
function ensureName(name: string): void {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) return;
  throw new BridgeError("bad_name", `${JSON.stringify(name)} is no name that every client takes`, {
    hint: "use letters, digits, dashes, dots and underscores, 64 at most",
  });
}

/** What stands in the file of a client can be read by it, and by whoever reads its backups. */
function ensureNoCredential(headers: readonly string[], server: string | undefined): void {
  for (const line of headers) {
    const [, name = "", value = ""] = /^([^:]*):(.*)$/s.exec(line) ?? [];
    if (!holdsCredential(name) || !isLiteral(value.trim())) continue;
    const address = server !== undefined && isAddress(server) ? server : "URL";
    throw new BridgeError("bad_argument", `the value of "${name.trim()}" would stand in the client's file as it is`, {
      hint:
        `"mcp-bridge add NAME ${address} --secret-header ${name.trim()}" keeps it in the keychain; install NAME then`,
    });
  }
}

/** What says where our own files are. Clients hand on little of their environment, and a desktop has another one. */
export function environmentOf(environment: Environment): Record<string, string> {
  const names = ["MCP_BRIDGE_HOME", "MCP_BRIDGE_VAULT_KEY"];
  if (process.platform !== "win32" && process.platform !== "darwin" && !environment.MCP_BRIDGE_HOME) {
    names.push("XDG_CONFIG_HOME", "XDG_STATE_HOME");
  }
  const usual = [".config", ".local/state"].map((folder) => `${environment.HOME}/${folder}`);
  return Object.fromEntries(names.flatMap((name) => {
    const value = environment[name];
    return value && !usual.includes(value) ? [[name, value]] : [];
  }));
}
