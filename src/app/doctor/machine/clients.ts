import { readClientText } from "../../../registry/clients/client_file.ts";
import type { Client, ClientEntry } from "../../../registry/clients/client.ts";
import { findClients, type FoundClient } from "../../../registry/clients/find.ts";
import { readAllEntries, shownClient } from "../../../registry/clients/projects.ts";
import { sayPlace } from "../../../registry/document.ts";
import { COMMAND_WORDS, slugOf } from "../../../registry/names.ts";
import { registryFile } from "../../../registry/file.ts";
import { readRegistry } from "../../../registry/registry.ts";
import { isWholePath } from "../../../registry/whole_path.ts";
import { quoted } from "../../../platform/errors.ts";
import { shellWord } from "../../../platform/shell_word.ts";
import { type Check, fault, faultOf, type Finding, ok, skip, together } from "../check.ts";
import type { World } from "../world.ts";

const explains = {
  bad_client_file: {
    result: "fail",
    cause: "the configuration file of a client does not parse, so that the client starts nothing that stands in it",
    cure: "mend it at the line and column that are named",
  },
  program_missing: {
    result: "fail",
    cause: "a client is told to start mcp-bridge at a path where there is no such program",
    cure: 'put the whole path of this executable there, or run "mcp-bridge install CLIENT SERVER --replace"',
  },
  relative_path: {
    result: "fail",
    cause:
      "a client is told to start mcp-bridge by a path that leads elsewhere from each folder, and no shell reads it",
    cure: 'put the whole path of this executable there, or run "mcp-bridge install CLIENT SERVER --replace"',
  },
  not_in_desktop_path: {
    result: "warn",
    cause:
      "a client is told to start mcp-bridge by its name, and programs of the desktop may not see the PATH of your " +
      "shell",
    cure: 'put the whole path of this executable there, or run "mcp-bridge install CLIENT SERVER --replace"',
  },
  unknown_server: {
    result: "fail",
    cause: "a client starts mcp-bridge with the name of a server that is not in servers.json",
    cure: 'see "mcp-bridge list", then mend the entry, or add the server with "mcp-bridge add NAME URL"',
  },
} as const;

/** Clients that people start from their shell, and that so see its PATH. */
const IN_SHELLS: ReadonlySet<string> = new Set(["claude-code", "gemini-cli", "opencode", "codex"]);

/** The PATH of programs that the desktop starts; on Windows the shells have the same. */
const DESKTOP_PATHS: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "/usr/bin:/bin:/usr/sbin:/sbin",
  linux: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** A name, or an address without user and query. */
const PLAIN = /^[\w:/.-]+$/;

const OUR_NAME = /^mcp-bridge(?:\.exe)?$/i;

/** An entry of ours in a client's file. */
interface OurEntry {
  /** In the project that the entry is for. */
  readonly client: Client;
  readonly file: string;
  readonly entry: ClientEntry;
  readonly command: string;
}

/** Whether clients can read their files, and start us as these say. */
export const clients: Check = {
  code: "clients",
  title: "clients",
  after: ["file-modes"],
  explains,
  async run(world): Promise<Finding> {
    const { platform, env, home } = world;
    if (home === undefined) return skip("there is no home folder to look for clients in");
    const found = (await findClients({ platform, env, home })).filter(({ hasFile }) => hasFile);
    const faults: Finding[] = [];
    const ours: OurEntry[] = [];
    for (const one of found) {
      try {
        ours.push(...await oursIn(one, world));
      } catch (thrown) {
        faults.push(faultOf(explains, thrown));
      }
    }
    const known = await knownServers(world);
    for (const one of ours) faults.push(...await faultsOf(one, known, world));
    const details = { files: found.map(({ file }) => file), entries: ours.map(listed) };
    return faults.length > 0 ? { ...together(faults), details } : { ...summary(ours), details };
  },
};

async function oursIn({ client: all, file }: FoundClient, { executable }: World): Promise<OurEntry[]> {
  const content = await readClientText(file);
  const entries = content === undefined ? [] : await readAllEntries(all, content.text, file);
  return entries.flatMap(({ client, entry }) => {
    const { command, disabled } = entry;
    if (command === undefined || disabled) return [];
    const isOurs = command === executable || OUR_NAME.test(nameOf(command));
    return isOurs ? [{ client, file, entry, command }] : [];
  });
}

async function faultsOf(ours: OurEntry, known: ReadonlySet<string> | undefined, world: World): Promise<Finding[]> {
  const missing = await programFault(ours, world);
  const server = serverIn(ours.entry);
  const isUnknown = server !== undefined && known !== undefined && !known.has(server) && !known.has(slugOf(server));
  const unknown = isUnknown
    ? [
      fault(explains, "unknown_server", {
        text: `${whose(ours)} names the server ${quoted(server)}, which is not in servers.json`,
      }),
    ]
    : [];
  return [...(missing === undefined ? [] : [missing]), ...unknown];
}

async function programFault(ours: OurEntry, world: World): Promise<Finding | undefined> {
  const { platform, env, doors } = world;
  const { command, client } = ours;
  // Some clients put variables in, of which we know nothing.
  if (/\$\{|%\w+%/.test(command)) return undefined;
  const cure = cureOf(ours, world);
  if (/[\\/]/.test(command)) {
    if (!isWholePath(command)) {
      const text = `${whose(ours)} starts ${quoted(command)}, which is no whole path`;
      return fault(explains, "relative_path", { text, cure });
    }
    if (await isProgram(command)) return undefined;
    return fault(explains, "program_missing", {
      text: `${whose(ours)} starts ${quoted(command)}, where there is no program`,
      cure,
    });
  }
  if (doors.which(command, env["PATH"]) === undefined) {
    return fault(explains, "program_missing", {
      text: `${whose(ours)} starts ${quoted(command)}, which is not in PATH`,
      cure,
    });
  }
  const desktopPath = IN_SHELLS.has(client.id) ? undefined : DESKTOP_PATHS[platform];
  if (desktopPath === undefined || doors.which(command, desktopPath) !== undefined) return undefined;
  const text = `${whose(ours)} starts ${quoted(command)} by its name, which programs of the desktop may not find`;
  return fault(explains, "not_in_desktop_path", { text, cure });
}

/** The command that writes the entry anew, or where the path of this executable goes; a run from the sources has none. */
function cureOf({ client, file, entry }: OurEntry, { executable }: World): string {
  const { name, args, env, place } = entry;
  const isOurs = OUR_NAME.test(nameOf(executable));
  const [server = ""] = args;
  // Of an entry that says more, more would be lost; a query may hold a key.
  const isPlain = args.length === 1 && Object.keys(env).length === 0 && PLAIN.test(server) && PLAIN.test(name);
  // That command writes the entries of the whole user alone.
  if (isOurs && isPlain && client.project === undefined && mayBeServer(server)) {
    const named = name === server ? [] : ["--name", shellWord(name)];
    return `run "${["mcp-bridge install", client.id, shellWord(server), ...named].join(" ")}"`;
  }
  const path = isOurs ? JSON.stringify(executable) : "the whole path of mcp-bridge";
  return `write ${path} as its command, in ${JSON.stringify(file)}, ${sayPlace(place)}`;
}

function nameOf(path: string): string {
  return path.split(/[\\/]/).at(-1)!;
}

async function isProgram(path: string): Promise<boolean> {
  const { accessSync, constants, statSync } = await import("node:fs");
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The name of a server that an entry of ours starts us with; nothing where it says an address, or has its own list. */
function serverIn({ args, env }: ClientEntry): string | undefined {
  if (env["MCP_BRIDGE_HOME"] !== undefined || env["XDG_CONFIG_HOME"] !== undefined) return undefined;
  const word = args[0] === "connect" ? args[1] : args[0];
  return word === undefined || /[:/.]/.test(word) || !mayBeServer(word) ? undefined : word;
}

/** Whether it is neither a flag nor a command. */
function mayBeServer(word: string): boolean {
  return /^[^-]/.test(word) && !(COMMAND_WORDS as readonly string[]).includes(word);
}

/** The servers by label and slug; nothing where the file cannot be read, which a check of its own says. */
async function knownServers({ state }: World): Promise<ReadonlySet<string> | undefined> {
  try {
    const { servers, faults } = await readRegistry(registryFile(state.surroundings));
    const entries = [...servers.values()].flatMap(({ label, slug }) => [label, slug]);
    return new Set([...entries, ...faults.map(({ label }) => label)]);
  } catch {
    return undefined;
  }
}

function whose({ client, entry: { name } }: OurEntry): string {
  return `the entry ${quoted(name)} of ${shownClient(client)}`;
}

function listed({ client: { id, project }, file, entry: { name }, command }: OurEntry): Record<string, string> {
  return { client: id, file, ...(project === undefined ? {} : { project }), name, command };
}

function summary(ours: readonly OurEntry[]): Finding {
  const names = [...new Set(ours.map(({ client }) => client.name))];
  if (names.length === 0) return skip('no client starts mcp-bridge yet: "mcp-bridge install" writes the entry');
  const count = ours.length === 1 ? "1 entry" : `${ours.length} entries`;
  return ok(`${count} of ours in ${names.join(", ")}, each with a program that is there`);
}
