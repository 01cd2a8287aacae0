/**
 * A server on standard input and output that does what its calls are named after. Run by Bun as a program of its own;
 * started with `stubborn` it outlives the end of its input and polite signals.
 */
import { closeSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";

const [mode] = process.argv.slice(2);
if (mode === "stubborn") { for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {}); }
if (mode === "chatty") write("Listening for messages\n\n  {not a message}\n");
const keepAlive = setInterval(() => {}, 1_000);
let count = 0;

/** The stream of `process.stdout` would keep a second handle of the pipe. */
function write(text: string): void {
  writeSync(1, text);
}

function say(message: Record<string, unknown>): void {
  write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

const deeds: Record<string, (id: number) => void> = {
  count: (id) => say({ id, result: { count: ++count } }),
  env: (id) => say({ id, result: process.env }),
  argv: (id) => say({ id, result: process.argv.slice(2) }),
  pid: (id) => say({ id, result: { pid: process.pid } }),
  exit: () => {
    console.error("out of cheese");
    process.exit(7);
  },
  flood(id): void {
    for (let line = 0; line < 50_000; line++) console.error(`line ${line} ${"x".repeat(100)}`);
    say({ id, result: { flooded: true } });
  },
  damaged: (id) => write(`{"jsonrpc":"2.0","id":${id},"result":{"half":\n`),
  mute: () => closeSync(1),
  hold: () => {},
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") say({ id, result: { protocolVersion: params.protocolVersion, capabilities: {} } });
  else if (method === "tools/call") deeds[params.name]!(id);
  else if (id !== undefined) say({ id, result: {} });
}
if (mode !== "stubborn") clearInterval(keepAlive);
