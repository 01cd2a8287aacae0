/** `mcp-bridge serve` as a person starts it, for the tests of what goes through it. */
import { Executable, type Surroundings } from "./executable.ts";
import { freePort } from "./free_port.ts";

const ATTEMPTS = 5;

/** Starts `serve` at a port that nobody holds, and waits until it listens. */
export async function startServe(surroundings: Surroundings, ...flags: string[]): Promise<Executable> {
  for (let attempt = 1;; attempt++) {
    const serve = new Executable(surroundings, "serve", "--port", String(await freePort()), ...flags);
    const said = await serve.stderr.find((line) => line.includes(": serving ") || line.includes(": error: "));
    if (said.includes(": serving ")) return serve;
    await serve[Symbol.asyncDispose]();
    // Somebody was quicker to take the port.
    if (attempt === ATTEMPTS || !said.includes("in use")) throw new Error(`serve does not start: ${said}`);
  }
}
