import { carryOut, carryOutUndo, openBackups, planInstall, planUndo } from "../app/install.ts";
import { BridgeError } from "../platform/errors.ts";
import { snippetOf } from "../registry/clients/edit.ts";
import type { FoundClient } from "../registry/clients/find.ts";
import { clientOf, CLIENTS } from "../registry/clients/table.ts";
import { agree, meantClients, planAll, thisUser } from "./client_changes.ts";
import { readWanted } from "./client_entry.ts";
import { clientList } from "./client_list.ts";
import { type Command, excessWord, type Flags, type FlagValues } from "./command.ts";
import { printAnswer, printLine } from "./print.ts";

/** The flags by which a change of a client's file is agreed to. */
export const CONSENT_FLAGS = {
  "all": { type: "boolean", text: "every client that is installed" },
  "yes": { type: "boolean", text: "write without a question" },
  "dry-run": { type: "boolean", text: "show what would change, and write nothing" },
} as const satisfies Flags;

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
    { name: "client", text: `one of ${CLIENTS.map(({ id }) => id).join(", ")}`, optional: true },
    { name: "server", text: "a name in servers.json or an address; all of servers.json if left out", optional: true },
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
    const user = await thisUser(process.env);
    if (flags.print) return await print(operands, program, flags);
    if (flags.undo) return await undo(operands, flags);
    if (operands.length === 0 && !flags.all) {
      await printAnswer(await clientList(user, flags.json));
      return 0;
    }
    const [word, server] = flags.all ? [undefined, ...operands] : operands;
    if (flags.all && operands.length > 1) throw excessWord(operands[1]!);
    const clients = await meantClients(word, user);
    const wanted = await readWanted({ server, name: flags.name, flags: program }, process.env);
    return await install(clients, wanted, flags);
  },
};

type Said = FlagValues<typeof FLAGS>;

async function install(
  clients: readonly FoundClient[],
  { name, program }: Awaited<ReturnType<typeof readWanted>>,
  flags: Said,
): Promise<number> {
  const backups = openBackups({ platform: process.platform, env: process.env });
  const { planned, hasFailed } = await planAll(
    clients,
    async (found) => await planInstall(found, name, program, flags.replace),
  );
  const changes = planned.filter(({ before, after }) => before !== after);
  for (const { client } of planned.filter((change) => !changes.includes(change))) {
    printLine(`${JSON.stringify(name)} is in the file of ${client.name} already, as it would be written`);
  }
  const failed = hasFailed ? 1 : 0;
  if (changes.length === 0) return failed;
  if (!(await agree(changes, { yes: flags.yes, dryRun: flags["dry-run"] }, process.env))) {
    return flags["dry-run"] ? failed : 1;
  }
  const carried = await planAll(changes.map(foundOf(clients)), async (found) => {
    const change = changes.find(({ client }) => client === found.client)!;
    await carryOut(change, backups);
    printLine(
      `${JSON.stringify(name)} is in the file of ${change.client.name}: start ${change.client.name} anew to use it`,
    );
    return change;
  });
  if (carried.planned.length > 0) {
    const what = carried.planned.length === 1 ? carried.planned[0]!.client.id : "CLIENT";
    printLine(`"mcp-bridge install --undo ${what}" puts the file back as it was`);
  }
  return carried.hasFailed ? 1 : failed;
}

function foundOf(clients: readonly FoundClient[]): (change: { client: FoundClient["client"] }) => FoundClient {
  return ({ client }) => clients.find((found) => found.client === client)!;
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
  if (flags.all ? word !== undefined : operands.length > 1) throw excessWord(operands.at(-1)!);
  if (!flags.all && word === undefined) {
    throw new BridgeError("bad_argument", "the client is missing", { hint: 'say which, or "--all"' });
  }
  const backups = openBackups({ platform: process.platform, env: process.env });
  const clients: FoundClient[] = [];
  for (const found of await meantClients(word, await thisUser(process.env))) {
    if (!flags.all || (await backups.of(found.client.id, found.file)).length > 0) clients.push(found);
  }
  if (clients.length === 0) printLine("there is nothing to undo");
  const { planned, hasFailed } = await planAll(clients, async (found) => await planUndo(found, backups));
  if (planned.length === 0) return hasFailed ? 1 : 0;
  if (!(await agree(planned, { yes: flags.yes, dryRun: flags["dry-run"] }, process.env))) {
    return flags["dry-run"] ? 0 : 1;
  }
  for (const change of planned) {
    await carryOutUndo(change, backups);
    printLine(`the file of ${change.client.name} is what it was before`);
  }
  return hasFailed ? 1 : 0;
}
