import { signOut } from "../app/accounts.ts";
import { ownerAddress } from "../app/authentication.ts";
import { MemoryFile } from "../app/memory_file.ts";
import { openBudget } from "../app/budget.ts";
import { openNetwork } from "../app/network.ts";
import { openState } from "../app/state.ts";
import { systemClock } from "../platform/clock.ts";
import { readServerUrl } from "../net/server_url.ts";
import { isAddress } from "./arguments.ts";
import type { Command, Flags } from "./command.ts";
import { addressOf, findNamed } from "./named_server.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter, printLine } from "./print.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = { ...STATE_FLAGS, ...NETWORK_FLAGS } as const satisfies Flags;

/** `mcp-bridge logout <url | name>`: forgets the tokens of a server and account, here and at the authorization server. */
export const logoutCommand: Command<typeof FLAGS> = {
  name: "logout",
  summary: "Forgets the tokens of a server, and has the authorization server revoke them.",
  operands: [{ name: "url", text: "the server, such as https://mcp.example.com/mcp, or its name", choices: "servers" }],
  flags: FLAGS,
  examples: ["mcp-bridge logout https://mcp.example.com/mcp", "mcp-bridge logout linear --account work"],
  async run({ operands: [word], flags: said, words }): Promise<number> {
    const notify = noticePrinter("info");
    const clock = systemClock;
    const named = isAddress(word!) ? undefined : await findNamed(word!, { flags: said, words }, process.env, true);
    const flags = named?.flags ?? said;
    const server = ownerAddress(named === undefined ? readServerUrl(word!, true) : addressOf(named.entry));
    const state = readState(flags, process.env);
    const vault = openState(state, clock, notify);
    const wire = openNetwork(await readNetwork(flags, named?.entry), clock, openBudget());
    const { account } = flags;
    const wasSignedIn = await whileWaiting(
      `signing out of ${server}`,
      () => signOut({ server, account, vault, wire, clock, notify }),
    );
    await new MemoryFile(state.surroundings, { server, account: flags.account }).remove();
    printLine(
      wasSignedIn
        ? `the tokens are gone: the next use of ${server} asks for a sign-in`
        : `nobody is signed in to ${server} as ${JSON.stringify(flags.account)}; "mcp-bridge status" shows who is`,
    );
    return 0;
  },
};
