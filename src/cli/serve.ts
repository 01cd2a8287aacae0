import type { OpenedPage } from "../app/status_link.ts";
import { ensureFetchRoom } from "../platform/fetch_room.ts";
import { toBridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import { readChoice, readCount, readHost, readListeningPort, readMebibytes, readSeconds } from "./arguments.ts";
import type { Command, Flags, Words } from "./command.ts";
import { exitCodeOf } from "./exit_code.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter, printAnswer, printLine } from "./print.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";
import { VERSION } from "../platform/version.ts";

const FLAGS = {
  "host": { type: "string", default: "127.0.0.1", value: "ADDRESS", text: "the address of this machine to listen on" },
  "port": { type: "string", default: "7319", value: "NUMBER", text: "the port to listen on; 0 for any" },
  "allow-host": {
    type: "string",
    multiple: true,
    value: "HOST[:PORT]",
    text: "answer under this name, too: that of this machine in your network, or of a proxy before it",
  },
  "open": {
    type: "boolean",
    text: "open the status page in the browser, of the endpoint that runs already if there is one",
  },
  "show-token": { type: "boolean", text: "print the token that clients need, and end" },
  "max-sessions": { type: "string", default: "2000", value: "NUMBER", text: "refuse more sessions of clients" },
  "session-idle": {
    type: "string",
    default: "1800",
    value: "SECONDS",
    text: "end a session whose client is gone for so long",
  },
  "max-message": { type: "string", default: "64", value: "MIB", text: "refuse larger messages" },
  "vault-key": STATE_FLAGS["vault-key"],
  ...NETWORK_FLAGS,
  "audit": {
    type: "string",
    value: "FILE",
    heading: "output",
    text: "add a line of JSON to this file for each call: who, what, when and how it ended, never what was in it",
  },
  "log-format": {
    type: "string",
    default: "text",
    value: "FORMAT",
    choices: ["text", "json"],
    text: "text, or json for programs that collect it",
  },
  "debug": { type: "boolean", text: "say what happens, on standard error" },
  "silent": { type: "boolean", text: "say nothing but errors" },
} as const satisfies Flags;

/** How long a client is left without an answer to `initialize`, in ms. */
const GRACE_MS = 20_000;

/** `mcp-bridge serve`: every server of the registry at one local address. */
export const serveCommand: Command<typeof FLAGS> = {
  name: "serve",
  summary: "Serves every server of servers.json at one local address, with one set of connections for all clients.",
  operands: [],
  flags: FLAGS,
  examples: [
    "mcp-bridge serve",
    "mcp-bridge serve --port 8080",
    "mcp-bridge serve --open",
    "mcp-bridge serve --show-token",
  ],
  async run({ flags }): Promise<number> {
    const verbosity = flags.debug ? "debug" : flags.silent ? "silent" : "info";
    if (readChoice("--log-format", flags["log-format"], ["text", "json"]) === "text") {
      return await run(flags, noticePrinter(verbosity), printLine);
    }
    const { printStructuredError, structuredPrinter } = await import("./structured_log.ts");
    try {
      return await run(flags, structuredPrinter(verbosity), () => {});
    } catch (thrown) {
      const error = toBridgeError(thrown);
      printStructuredError(error);
      return exitCodeOf(error);
    }
  },
};

/** `say` is for what concerns the person at the terminal alone. */
async function run(
  flags: Words<typeof FLAGS>["flags"],
  notify: Notify,
  say: (text: string) => void,
): Promise<number> {
  const { serve, showToken } = await import("../app/serve.ts");
  const state = readState(flags, process.env);
  if (flags["show-token"]) {
    await printAnswer(`${await showToken({ state }, notify)}\n`);
    return 0;
  }
  const mostSessions = readCount("--max-sessions", flags["max-sessions"]);
  // Each session may have a stream open, and calls beside it.
  if (!flags.open) ensureFetchRoom(2 * mostSessions);
  const settings = {
    host: flags.host,
    port: readListeningPort("--port", flags.port),
    allowedHosts: flags["allow-host"].map(readHost),
    version: VERSION,
    audit: flags.audit,
    tellsCalls: flags.debug,
    mostSessions,
    sessionIdle: readSeconds("--session-idle", flags["session-idle"]),
    run: {
      grace: GRACE_MS,
      keepAlive: 0,
      maxMessage: readMebibytes("--max-message", flags["max-message"]),
      network: await readNetwork(flags),
      state,
      cures: new Set(["auto"] as const),
    },
  };
  if (!flags.open) return await serve(settings, notify);
  const { linksToRunning, openPage } = await import("../app/status_link.ts");
  const link = await linksToRunning(settings, notify);
  const onpage = (page: OpenedPage): void => {
    say(
      `the status page ${page.isOpened ? "opens in your browser" : "opens once, within five minutes, at this address"}`,
    );
    // A link is no matter for logs.
    if (!page.isOpened) void printAnswer(`${page.link}\n`);
  };
  if (link === undefined) return await serve({ ...settings, onpage }, notify);
  onpage(await openPage(link, state.surroundings));
  return 0;
}
