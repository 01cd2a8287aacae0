import { openBudget } from "../app/budget.ts";
import { openNetwork } from "../app/network.ts";
import { SharedVault } from "../app/shared_vault.ts";
import { signInByName, type SignInOutcome } from "../app/sign_in.ts";
import { systemClock } from "../platform/clock.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import { readServerUrl } from "../net/server_url.ts";
import { BridgeError } from "../platform/errors.ts";
import { isAddress } from "./arguments.ts";
import type { Command, Flags } from "./command.ts";
import { headerSources, readHeaders } from "./headers.ts";
import { addressOf, readName } from "./named_server.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter, printLine } from "./print.ts";
import { readSignIn } from "./read_sign_in.ts";
import { SIGN_IN_FLAGS } from "./sign_in_flags.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";
import { whileHidden, whileWaiting } from "./waiting.ts";

const FLAGS = {
  "force": { type: "boolean", text: "sign in anew, though there is a token that would do" },
  "header": { type: "string", multiple: true, value: "LINE", text: 'send "Name: value" with requests to the server' },
  "header-file": { type: "string", multiple: true, value: "FILE", text: "read such headers from a file" },
  "allow-http": { type: "boolean", text: "allow plain http beyond this machine, on a network that you trust" },
  ...STATE_FLAGS,
  ...SIGN_IN_FLAGS,
  ...NETWORK_FLAGS,
  "debug": { type: "boolean", heading: "output", text: "say what happens" },
} as const satisfies Flags;

const SAID: Readonly<Record<SignInOutcome, string>> = {
  "signed_in": 'you are signed in; "mcp-bridge status" shows for what and until when',
  "already": 'you are signed in already; "--force" signs in anew',
  "not_needed": "this server does not ask for a sign-in",
};

/** `mcp-bridge login <url | name>`: signs in before a client needs it, or from a terminal where its own browser cannot. */
export const loginCommand: Command<typeof FLAGS> = {
  name: "login",
  summary:
    "Signs in to a server. The address that the browser ends at may be typed in, where that page cannot be opened.",
  operands: [
    { name: "url", text: "the server, such as https://mcp.example.com/mcp, or its name", choices: "servers" },
    { name: "callback-port", text: "where the browser comes back to", optional: true },
  ],
  flags: FLAGS,
  examples: [
    "mcp-bridge login https://mcp.example.com/mcp",
    "mcp-bridge login https://mcp.example.com/mcp --account work",
    "mcp-bridge login linear",
  ],
  async run({ operands: [word, port], flags: said, words }): Promise<number> {
    const notify = noticePrinter(said.debug ? "debug" : "info");
    const environment = process.env;
    const allowHttp = said["allow-http"];
    const advise = (text: string): void => notify({ level: "info", text });
    const clock = systemClock;
    const named = isAddress(word!) ? undefined : await readName(word!, { flags: said, words }, environment);
    const flags = named?.flags ?? said;
    const server = named === undefined ? readServerUrl(word!, allowHttp, flags.ipv4) : addressOf(named.entry);
    const headers = {
      ...named?.headers,
      ...await readHeaders(headerSources(words, flags.header, flags["header-file"]), environment, advise),
    };
    const signIn = await readSignIn(port, flags, { environment, allowHttp, advise, base: named?.signIn });
    const wire = openNetwork(await readNetwork(flags, named?.entry), clock, openBudget());
    const state = readState(flags, environment);
    const abort = new AbortController();
    watchForEnd(({ exitCode }) => abort.abort(new BridgeError("closing", `ended by a signal (${exitCode})`)));
    const outcome = await whileWaiting(`signing in to ${server.host}`, (waiting) =>
      signInByName(wire, headers, {
        server,
        account: flags.account,
        signIn,
        vault: new SharedVault(state, clock, notify),
        surroundings: state.surroundings,
        clock,
        notify,
        // While it is the person's turn nothing may stand where they type.
        onwaiting: whileHidden(waiting),
        pasted: firstLine(),
        signal: abort.signal,
      }, flags.force));
    printLine(SAID[outcome]);
    return 0;
  },
};

/** What a person types in; nothing comes where nobody does. */
async function firstLine(): Promise<string> {
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  return new Promise<never>(() => {});
}
