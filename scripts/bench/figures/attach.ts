import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../test/harness/free_port.ts";
import { type Bench, connect, type Figure, interleave } from "../bench.ts";
import type { Contestant } from "../contestants.ts";
import { initialize } from "../conversation.ts";
import { median } from "../median.ts";
import { residentMemory } from "../process_tree.ts";
import type { Row } from "../row.ts";

/** Whether a process goes through a `serve` that runs. */
const KINDS = ["attached", "alone"] as const;

interface Lane {
  readonly name: typeof KINDS[number];
  readonly contestant: Contestant;
}

/** A process that goes through a `serve` that runs, beside one by the same name that does not: its start and memory. */
export const attach: Figure = {
  id: "attach",
  async measure(bench: Bench): Promise<Row[]> {
    const ours = bench.contestants.find(({ name }) => name === "mcp-bridge");
    if (ours === undefined) return [];
    const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-attach-"));
    const lanes = prepare(ours, folder, bench.farEnd.places.http.words[0]!);
    const port = String(await freePort());
    const [{ contestant }] = lanes as [Lane];
    const [executable] = contestant.command(bench.farEnd.places.http) as [string];
    const serve = Bun.spawn([executable, "serve", "--port", port], {
      env: { PATH: process.env["PATH"], ...contestant.env },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    try {
      await saidBy(serve.stderr, "serving");
      const times = await starts(bench, lanes);
      const memory = await interleave(
        bench,
        lanes,
        bench.quick ? 3 : 9,
        ({ contestant }) => idle(bench, contestant),
        0,
      );
      return [
        row("start of an attached process, to one that is not", ratio(times), 1.2),
        row("memory of an attached process, idle, MiB", median(memory.get("attached") ?? []), 40),
      ];
    } finally {
      await bench.killAll();
      serve.kill("SIGKILL");
      await serve.exited;
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function row(title: string, measured: number, value: number): Row {
  return { title, cells: { "mcp-bridge": { value: measured } }, targets: [{ bound: "at most", value }] };
}

function ratio(samples: Map<string, number[]>): number {
  const [attached, alone] = KINDS.map((kind) => median(samples.get(kind) ?? []));
  return attached! / alone!;
}

async function starts(bench: Bench, lanes: Lane[]): Promise<Map<string, number[]>> {
  return await interleave(bench, lanes, bench.quick ? 30 : 120, async ({ contestant }) => {
    const begin = performance.now();
    const client = bench.start(contestant);
    await initialize(client);
    const milliseconds = performance.now() - begin;
    await client.close(1_000);
    return milliseconds;
  });
}

async function idle(bench: Bench, contestant: Contestant): Promise<number> {
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
function prepare(ours: Contestant, folder: string, url: string): Lane[] {
  const home = join(folder, "state");
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, "servers.json"), JSON.stringify({ mcpServers: { bench: { url } } }), { mode: 0o600 });
  const env = { HOME: folder, MCP_BRIDGE_HOME: home, MCP_BRIDGE_VAULT_KEY: "file" };
  const [executable] = ours.command({ way: "http", words: [] }) as [string];
  return KINDS.map((name) => ({
    name,
    contestant: { ...ours, env, command: () => [executable, "bench", ...name === "alone" ? ["--no-attach"] : []] },
  }));
}
