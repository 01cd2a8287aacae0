import { ensureFetchRoom } from "../platform/fetch_room.ts";
import { readCount, readListeningPort, readMebibytes, readSeconds } from "./arguments.ts";
import type { Command, Flags } from "./command.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter, printAnswer } from "./print.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";

const FLAGS = {
  "host": { type: "string", default: "127.0.0.1", value: "ADDRESS", text: "the address of this machine to listen on" },
  "port": { type: "string", default: "7319", value: "NUMBER", text: "the port to listen on; 0 for any" },
  "show-token": { type: "boolean", text: "print the token that clients need, and end" },
  "max-sessions": { type: "string", default: "2000", value: "NUMBER", text: "refuse more sessions of clients" },
  "session-idle": {
    type: "string",
    default: "1800",
    value: "SECONDS",
    text: "end a session whose client is gone for so long",
  },
  "max-message": { type: "string", default: "64", value: "MIB", text: "refuse larger messages" },
  ...NETWORK_FLAGS,
  "vault-key": STATE_FLAGS["vault-key"],
  "debug": { type: "boolean", heading: "output", text: "say what happens, on standard error" },
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
  examples: ["mcp-bridge serve", "mcp-bridge serve --port 8080", "mcp-bridge serve --show-token"],
  async run({ flags }): Promise<number> {
    const notify = noticePrinter(flags.debug ? "debug" : flags.silent ? "silent" : "info");
    const { serve, showToken } = await import("../app/serve.ts");
    const state = readState(flags, process.env);
    if (flags["show-token"]) {
      await printAnswer(`${await showToken({ state }, notify)}\n`);
      return 0;
    }
    const mostSessions = readCount("--max-sessions", flags["max-sessions"]);
    // Each session may have a stream open, and calls beside it.
    ensureFetchRoom(2 * mostSessions);
    return await serve({
      host: flags.host,
      port: readListeningPort("--port", flags.port),
      mostSessions,
      sessionIdle: readSeconds("--session-idle", flags["session-idle"]),
      run: {
        grace: GRACE_MS,
        keepAlive: 0,
        maxMessage: readMebibytes("--max-message", flags["max-message"]),
        network: await readNetwork(flags),
        state,
        cures: new Set(["auto"]),
      },
    }, notify);
  },
};
