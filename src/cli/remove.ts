import { systemClock } from "../platform/clock.ts";
import { systemKeychain } from "../platform/keychain.ts";
import { removeServer } from "../registry/edit.ts";
import { registryFile } from "../registry/file.ts";
import { readRegistry } from "../registry/registry.ts";
import { forgetSecrets } from "../registry/secrets.ts";
import type { Command, Flags } from "./command.ts";
import { printLine } from "./print.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = {} as const satisfies Flags;

/** `mcp-bridge remove`: takes a server out of servers.json, and its secrets out of the keychain. */
export const removeCommand: Command<typeof FLAGS> = {
  name: "remove",
  summary: "Takes a server out of servers.json, and its secrets out of the keychain. Tokens stay until a logout.",
  operands: [{ name: "name", text: "the server's name", choices: "servers" }],
  flags: FLAGS,
  examples: ["mcp-bridge remove linear", "mcp-bridge remove 'My Files'"],
  async run({ operands: [name] }): Promise<number> {
    const file = registryFile({ platform: process.platform, env: process.env });
    const { servers } = await readRegistry(file);
    const label = await removeServer(file, name!, systemClock);
    const entry = [...servers.values()].find((server) => server.label === label);
    if (entry !== undefined) {
      const others = [...servers.values()].filter((server) => server !== entry);
      await whileWaiting("waiting for the keychain", () => forgetSecrets(entry, others, systemKeychain()));
    }
    printLine(`${JSON.stringify(label)} is no more in ${JSON.stringify(file)}`);
    return 0;
  },
};
