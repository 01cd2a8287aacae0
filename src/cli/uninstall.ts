import { carryOut, openBackups, planUninstall } from "../app/install.ts";
import { quoted } from "../platform/errors.ts";
import { changeFiles, eachOf, meantClients, thisUser } from "./client_changes.ts";
import { type Command, excessWord } from "./command.ts";
import { CLIENT_IDS, CONSENT_FLAGS, consentOf } from "./install.ts";
import { printLine } from "./print.ts";

/** `mcp-bridge uninstall`: takes our entries out of the files of clients. */
export const uninstallCommand: Command<typeof CONSENT_FLAGS> = {
  name: "uninstall",
  summary: "Takes entries of ours out of a client's configuration; all else in it stays as it is, byte for byte.",
  operands: [
    { name: "client", text: 'the client, as "mcp-bridge install" lists it', unless: "all", choices: CLIENT_IDS },
    { name: "name", text: "what the client calls the server; all entries of ours if left out", optional: true },
  ],
  flags: CONSENT_FLAGS,
  examples: ["mcp-bridge uninstall cursor linear", "mcp-bridge uninstall codex", "mcp-bridge uninstall --all"],
  async run({ operands, flags }): Promise<number> {
    const [word, name] = flags.all ? [undefined, ...operands] : operands;
    if (flags.all && operands.length > 1) throw excessWord(operands[1]!, "uninstall");
    const backups = openBackups({ platform: process.platform, env: process.env });
    const clients = await meantClients(word, await thisUser(process.env));
    const planned = await eachOf(clients, async (found) => await planUninstall(found, name, backups, !flags.all));
    const changes = planned.done.filter(({ names }) => names.length > 0);
    if (changes.length === 0 && !planned.hasFailed) printLine("there are no entries of ours to take out");
    const { exitCode } = await changeFiles(
      { ...planned, done: changes },
      consentOf(flags),
      process.env,
      async (change) => {
        await carryOut(change, backups);
        const names = change.names.map((name) => quoted(name)).join(", ");
        printLine(`${names} ${change.names.length === 1 ? "is" : "are"} no more in the file of ${change.client.name}`);
      },
    );
    return exitCode;
  },
};
