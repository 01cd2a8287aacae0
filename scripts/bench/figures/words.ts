import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../../build.ts";
import { type Bench, type Figure, interleave } from "../bench.ts";
import { median } from "../median.ts";
import type { Row } from "../row.ts";

/** What a person types without a server: `--version`, `--help`, a key that completes; beside a program that is empty. */
export const words: Figure = {
  id: "words",
  async measure(bench: Bench): Promise<Row[]> {
    const ours = bench.contestants.find(({ name }) => name === "mcp-bridge");
    if (ours === undefined) return [];
    const [executable] = ours.command(bench.farEnd.places.http) as [string];
    const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-words-"));
    try {
      const empty = join(folder, "empty");
      compile(join(import.meta.dir, "..", "empty_program.ts"), empty);
      const lanes = [
        { name: "empty", argv: [empty] },
        { name: "version", argv: [executable, "--version"] },
        { name: "help", argv: [executable, "--help"] },
        { name: "completion", argv: [executable, "completion", "--words", "--", "call", ""] },
      ] as const;
      const env = { PATH: process.env["PATH"]!, MCP_BRIDGE_HOME: join(folder, "home") };
      const times = await interleave(bench, lanes, bench.quick ? 15 : 60, ({ argv }) => runOnce(argv, env));
      const ratio = (name: typeof lanes[number]["name"]): number =>
        median(times.get(name) ?? []) / median(times.get("empty") ?? []);
      return [
        row("--version, to an empty compiled program", ratio("version"), 1.5),
        row("--help, to the same", ratio("help"), 1.5),
        row("a key that completes, to the same", ratio("completion")),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** From the start to the end, in ms. */
async function runOnce(argv: readonly string[], env: Record<string, string>): Promise<number> {
  const begin = performance.now();
  const program = Bun.spawn([...argv], { env, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  await Promise.all([program.stdout.text(), program.exited]);
  return performance.now() - begin;
}

function row(title: string, value: number, most?: number): Row {
  const targets = most === undefined ? [] : [{ bound: "at most", value: most } as const];
  return { title, cells: { "mcp-bridge": { value } }, targets };
}
