/** What the figures share that look at our executable alone, run in two ways: each is the other's measure. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bench, interleave } from "./bench.ts";
import type { Contestant } from "./contestants.ts";
import { initialize } from "./conversation.ts";
import type { Row } from "./row.ts";

/** One way to run our executable. */
export interface Manner<Key extends string> {
  readonly name: Key;
  readonly contestant: Contestant;
}

/** Has our executable measured, with a folder for what that leaves on disk; gives no rows where it takes no part. */
export async function measureOurs(
  bench: Bench,
  work: (ours: Contestant, folder: string) => Promise<Row[]>,
): Promise<Row[]> {
  const ours = bench.contestants.find(({ name }) => name === "mcp-bridge");
  if (ours === undefined) return [];
  const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-bench-ours-"));
  try {
    return await work(ours, folder);
  } finally {
    await bench.killAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The path of our executable. */
export function executableOf(ours: Contestant): string {
  return ours.command({ way: "http", words: [] })[0]!;
}

/** From the start of a process to its answer to `initialize`, in ms, `rounds` times for each manner. */
export async function startTimes<Key extends string>(
  bench: Bench,
  manners: readonly Manner<Key>[],
  rounds: number,
): Promise<Map<Key, number[]>> {
  return await interleave(bench, manners, rounds, async ({ contestant }) => {
    const begin = performance.now();
    const client = bench.start(contestant);
    await initialize(client);
    const milliseconds = performance.now() - begin;
    await client.close(1_000);
    return milliseconds;
  });
}
