import { carryOut, carryOutUndo, openBackups, planInstall, planUndo } from "../app/install.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { snippetOf } from "../registry/clients/edit.ts";
import type { Client, UserEnvironment } from "../registry/clients/client.ts";
import { findClient, type FoundClient } from "../registry/clients/find.ts";
import { clientOf, CLIENTS } from "../registry/clients/table.ts";
import { registryFile } from "../registry/file.ts";
import { readRegistry } from "../registry/registry.ts";
import { isAddress } from "./arguments.ts";
import { changeFiles, type Consent, eachOf, meantClients, thisUser } from "./client_changes.ts";
import { readWanted, type WantedEntry } from "./client_entry.ts";
import { clientList } from "./client_list.ts";
import { type Command, excessWord, type Flags, type FlagValues } from "./command.ts";
import { printAnswer, printLine } from "./print.ts";

/** The clients that we know, by the words for them. */
export const CLIENT_IDS: readonly string[] = CLIENTS.map(({ id }) => id);

/** The flags by which a change of a client's file is agreed to. */
export const CONSENT_FLAGS = {
  "all": { type: "boolean", text: "every client that is installed" },
  "yes": { type: "boolean", text: "write without a question" },
  "dry-run": { type: "boolean", text: "show what would change, and write nothing" },
} as const satisfies Flags;

/** How a person agrees, by these flags. */
export function consentOf(flags: FlagValues<typeof CONSENT_FLAGS>): Consent {
  return { yes: flags.yes, dryRun: flags["dry-run"] };
}

const FLAGS = {
  ...CONSENT_FLAGS,
  "name": { type: "string", value: "NAME", text: "what the client calls it; its name or host otherwise" },
  "replace": { type: "boolean", text: "take the place of an entry of that name that is not ours" },
  "print": { type: "boolean", text: "print the entry for a client, or for any other program, and write nothing" },
  "undo": { type: "boolean", text: "put the file of a client back to what it was before the last change of ours" },
  "json": { type: "boolean", text: "the list of clients as JSON" },
} as const satisfies Flags;

/** `mcp-bridge install`: puts an entry that runs this executable into the files of clients. */
export const installCommand: Command<typeof FLAGS> = {
  name: "install",
  summary: "Puts a server into the configuration of a client. Without a client, lists those that we know.",
  operands: [
    { name: "client", text: `one of ${CLIENT_IDS.join(", ")}`, optional: true, choices: CLIENT_IDS },
    {
      name: "server",
      text: "a name in servers.json or an address; all of servers.json if left out",
      optional: true,
      choices: "servers",
    },
  ],
  program: { name: "flag", text: "flags of mcp-bridge that the entry holds, such as --account work", behind: 2 },
  flags: FLAGS,
  examples: [
    "mcp-bridge install",
    "mcp-bridge install cursor https://mcp.linear.app/mcp",
    "mcp-bridge install --all linear --yes",
    "mcp-bridge install claude-code linear -- --account work",
  ],
  async run({ operands, program, flags }): Promise<number> {
    const isList = operands.length === 0 && !flags.all && !flags.print && !flags.undo;
    checkFlags(flags, isList);
    const user = await thisUser(process.env);
    if (flags.print) return await print(operands, program, flags);
    if (flags.undo) return await undo(operands, flags);
    if (isList) {
      await printAnswer(await clientList(user, flags.json));
      return 0;
    }
    const [word, server] = flags.all ? [undefined, ...operands] : operands;
    if (flags.all && operands.length > 1) throw excessWord(operands[1]!, "install");
    if (word !== undefined && server === undefined) await ensureClient(word);
    const clients = await meantClients(word, user);
    const wanted = await readWanted({ server, name: flags.name, flags: program }, process.env);
    const exitCode = await install(clients, wanted, flags);
    if (word !== undefined) await saySuccessor(clients[0]!.client, user);
    return exitCode;
  },
};

type Said = FlagValues<typeof FLAGS>;

/** Who says what has no effect wants something else. */
function checkFlags(flags: Said, isList: boolean): void {
  const { json, print, undo, all, name, replace } = flags;
  const ofEntries = ["name", "replace", "yes", "dry-run"] as const;
  const idle = isList ? ofEntries.find((flag) => flags[flag] !== undefined && flags[flag] !== false) : undefined;
  const mistakes: readonly (readonly [isMade: boolean, text: string, hint: string])[] = [
    [json && !isList, '"--json" is for the list of clients', 'leave it out, or run "mcp-bridge install --json"'],
    [print && undo, '"--print" and "--undo" do not go together', "leave one of them out"],
    [print && all, '"--print" is for one client', 'leave "--all" out'],
    [idle !== undefined, `"--${idle}" is for an entry, and no client is named`, 'name one, or say "--all"'],
    [undo && name !== undefined, '"--name" has no effect with "--undo"', "leave it out"],
    [(undo || print) && replace, '"--replace" is for an entry that is written', "leave it out"],
  ];
  const made = mistakes.find(([isMade]) => isMade);
  if (made !== undefined) throw new BridgeError("bad_argument", made[1], { hint: made[2] });
}

/** Who says a server alone has forgotten the client. */
async function ensureClient(word: string): Promise<void> {
  if (isAddress(word) || await isServer(word)) {
    throw new BridgeError("bad_argument", `${quoted(word)} is a server: the client is missing`, {
      hint: `"mcp-bridge install CLIENT ${word}", or "--all" for every client that is installed`,
    });
  }
}

async function isServer(word: string): Promise<boolean> {
  if (CLIENTS.some(({ id }) => id === word)) return false;
  const { servers } = await readRegistry(registryFile({ platform: process.platform, env: process.env }));
  return servers.has(word);
}

async function install(clients: readonly FoundClient[], { name, program }: WantedEntry, flags: Said): Promise<number> {
  const backups = openBackups({ platform: process.platform, env: process.env });
  const planned = await eachOf(clients, async (found) => await planInstall(found, name, program, flags.replace));
  const changes = planned.done.filter(({ before, after }) => before !== after);
  for (const change of planned.done) {
    if (changes.includes(change)) continue;
    printLine(`${JSON.stringify(name)} is in the file of ${change.client.name} already, as it would be written`);
  }
  const { carried, exitCode } = await changeFiles(
    { ...planned, done: changes },
    consentOf(flags),
    process.env,
    async (change) => {
      await carryOut(change, backups);
      const { name: client } = change.client;
      printLine(`${JSON.stringify(name)} is in the file of ${client}: start ${client} anew to use it`);
    },
  );
  const undone = carried.length === 1 ? carried[0]!.client.id : "CLIENT";
  if (carried.length > 0) printLine(`"mcp-bridge install --undo ${undone}" puts the file back as it was`);
  return exitCode;
}

/** Who has both may mean the other one. */
async function saySuccessor({ name, successor }: Client, user: UserEnvironment): Promise<void> {
  if (successor === undefined) return;
  const { client, isInstalled } = await findClient(await clientOf(successor), user);
  if (!isInstalled) return;
  printLine(`${name} goes on as ${client.name}, which reads a file of its own: say "${successor}" for that`);
}

async function print(operands: readonly string[], program: readonly string[], flags: Said): Promise<number> {
  const isClient = CLIENTS.some(({ id }) => id === operands[0]) || operands.length > 1;
  const [word, server] = isClient ? operands : [undefined, ...operands];
  const client = await clientOf(word ?? "cursor");
  const wanted = await readWanted({ server, name: flags.name, flags: program }, process.env);
  await printAnswer(snippetOf(client, wanted.name, client.write(wanted.program)));
  return 0;
}

async function undo(operands: readonly string[], flags: Said): Promise<number> {
  const [word] = operands;
  if (flags.all ? word !== undefined : operands.length > 1) throw excessWord(operands.at(-1)!, "install");
  if (!flags.all && word === undefined) {
    throw new BridgeError("bad_argument", "the client is missing", { hint: 'say which, or "--all"' });
  }
  const backups = openBackups({ platform: process.platform, env: process.env });
  const clients: FoundClient[] = [];
  for (const found of await meantClients(word, await thisUser(process.env))) {
    if (!flags.all || (await backups.of(found.client.id, found.file)).length > 0) clients.push(found);
  }
  if (clients.length === 0) printLine("there is nothing to undo");
  const planned = await eachOf(clients, async (found) => await planUndo(found, backups));
  const { exitCode } = await changeFiles(planned, consentOf(flags), process.env, async (change) => {
    await carryOutUndo(change, backups);
    printLine(`the file of ${change.client.name} is what it was before`);
  });
  return exitCode;
}
