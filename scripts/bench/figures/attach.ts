import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../../test/harness/free_port.ts";
import { type Bench, connect, type Figure, interleave } from "../bench.ts";
import type { Contestant } from "../contestants.ts";
import { median, middleRatio } from "../median.ts";
import { executableOf, type Manner, measureOurs, startTimes } from "../ours.ts";
import { residentMemory } from "../process_tree.ts";
import { ownRow } from "../row.ts";

/** Whether a process goes through a `serve` that runs. */
const KINDS = ["attached", "alone"] as const;
type Kind = typeof KINDS[number];

/** A process that goes through a `serve` that runs, beside one by the same name that does not: its start and memory. */
export const attach: Figure = {
  id: "attach",
  measure: (bench) =>
    measureOurs(bench, async (ours, folder) => {
      const manners = prepare(ours, folder, bench.farEnd.places.http.words[0]!);
      await using _ = await startServe(ours, manners[0]!.contestant);
      const times = await startTimes(bench, manners, bench.quick ? 30 : 120);
      const memory = await interleave(bench, manners, bench.quick ? 3 : 9, (manner) => idle(bench, manner), 0);
      const attached = memory.get("attached");
      return [
        ownRow(
          "start of an attached process, to one that is not",
          middleRatio(times, "attached", "alone"),
          "at most",
          1.2,
        ),
        ownRow("memory of an attached process, idle, MiB", attached && median(attached), "at most", 40),
      ];
    }),
};

async function startServe(ours: Contestant, { env }: Contestant): Promise<AsyncDisposable> {
  const serve = Bun.spawn([executableOf(ours), "serve", "--port", String(await freePort())], {
    env: { PATH: process.env["PATH"], ...env },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  async function end(): Promise<void> {
    serve.kill("SIGKILL");
    await serve.exited;
  }
  try {
    await saidBy(serve.stderr, "serving");
  } catch (error) {
    await end();
    throw error;
  }
  return { [Symbol.asyncDispose]: end };
}

async function idle(bench: Bench, { contestant }: Manner<Kind>): Promise<number> {
  const { client } = await connect(bench, contestant);
  await Bun.sleep(500);
  const memory = residentMemory(client.pid);
  await client.close(1_000);
  return memory;
}

async function saidBy(stream: ReadableStream<Uint8Array>, word: string): Promise<void> {
  let said = "";
  for await (const chunk of stream) {
    said += new TextDecoder().decode(chunk);
    if (said.includes(word)) return;
  }
  throw new Error(`serve does not start: ${said}`);
}

/** The same name for both, in a home that holds nothing else. */
function prepare(ours: Contestant, folder: string, url: string): Manner<Kind>[] {
  const home = join(folder, "state");
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, "servers.json"), JSON.stringify({ mcpServers: { bench: { url } } }), { mode: 0o600 });
  const env = { HOME: folder, MCP_BRIDGE_HOME: home, MCP_BRIDGE_VAULT_KEY: "file" };
  const executable = executableOf(ours);
  return KINDS.map((name) => ({
    name,
    contestant: { ...ours, env, command: () => [executable, "bench", ...name === "alone" ? ["--no-attach"] : []] },
  }));
}
