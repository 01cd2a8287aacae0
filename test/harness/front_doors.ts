/** The ways by which a client reaches a server through the executable, so that one test holds for each of them. */
import { MODERN } from "./era_mcp.ts";
import { Executable } from "./executable.ts";
import { peakMemory } from "./memory.ts";
import { ServeExecutable } from "./serve_executable.ts";

/** What runs of the executable for one test; disposing it ends that. */
export interface FrontDoor extends AsyncDisposable {
  /**
   * Calls a tool, under an id that no other call has, and gives the text of the answer: from a client of its own where
   * there may be several.
   */
  call(id: number): Promise<string>;
  /** The most memory that any process of it has held so far, in bytes. */
  peak(): number;
}

const PATIENCE_MS = 80_000;
/** A call that a server of either era takes, and what stands above it where there is no session. */
const CALL = {
  name: "any",
  _meta: {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": { name: "by-hand", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  },
};
const SESSIONLESS = { "mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": "any" };
const THROUGH = 'going through the "mcp-bridge serve" that runs';

/** By what they are called in a test, what opens them before the server at an address. */
export const FRONT_DOORS: Readonly<Record<string, (url: string) => Promise<FrontDoor>>> = {
  "on stdio": (url) => openStdio(url),
  "over HTTP through serve": (url) => openHttp(url, (serving) => serving.open("/mcp/a")),
  // The named pipes of Windows are tested with an injected machine.
  ...process.platform === "win32" ? {} : { "attached to serve": openAttached },
};

/** Opens the executable on stdio, with the words of its command line. */
export async function openStdio(...words: readonly string[]): Promise<FrontDoor> {
  const [first, ...others] = words;
  const bridge = new Executable(first!, ...others);
  await bridge.initialize();
  return {
    call: (id) => called(bridge, id),
    peak: () => peakMemory(bridge.pid),
    [Symbol.asyncDispose]: () => bridge[Symbol.asyncDispose](),
  };
}

/** Opens `serve` for clients of 2026-07-28, which have no session: the server sees ids of the bridge's own. */
export function openSessionless(url: string): Promise<FrontDoor> {
  return openHttp(url, () => Promise.resolve(SESSIONLESS));
}

async function openHttp(
  url: string,
  headersOf: (serving: ServeExecutable) => Promise<Record<string, string>>,
): Promise<FrontDoor> {
  const serving = await ServeExecutable.start({ a: { url } });
  return {
    async call(id): Promise<string> {
      const headers = await headersOf(serving);
      const response = await serving.post("/mcp/a", { id, method: "tools/call", params: CALL }, headers);
      const text = await response.text();
      const isStream = response.headers.get("content-type") === "text/event-stream";
      return isStream ? text.slice(text.lastIndexOf("\ndata: ") + 7).trimEnd() : text;
    },
    peak: () => peakMemory(serving.pid),
    [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose](),
  };
}

async function openAttached(url: string): Promise<FrontDoor> {
  const serving = await ServeExecutable.start({ a: { url } });
  const env = { MCP_BRIDGE_HOME: serving.folder, MCP_BRIDGE_VAULT_KEY: "file" };
  const bridges: Executable[] = [];
  return {
    async call(id): Promise<string> {
      const bridge = new Executable({ env }, "a", "--debug");
      bridges.push(bridge);
      await bridge.initialize();
      await bridge.stderr.find((line) => line.includes(THROUGH));
      return await called(bridge, id);
    },
    peak: () => Math.max(...[serving, ...bridges].map(({ pid }) => peakMemory(pid))),
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(bridges.map((bridge) => bridge[Symbol.asyncDispose]()));
      await serving[Symbol.asyncDispose]();
    },
  };
}

function called(bridge: Executable, id: number): Promise<string> {
  bridge.send({ jsonrpc: "2.0", id, method: "tools/call", params: {} });
  return bridge.output.find((line) => answers(id, line), 0, PATIENCE_MS);
}

/** Told without reading all of a line, which may be more than a test can bear. */
function answers(id: number, line: string): boolean {
  return line.startsWith(`{"jsonrpc":"2.0","id":${id},`) || line.slice(-100).includes(`"jsonrpc":"2.0","id":${id},`);
}
