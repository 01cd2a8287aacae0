/**
 * What comes before the demo's story: the packages and the executable. This is a process of its own that imports
 * nothing but what Bun brings, since a process cannot import packages that were missing when it began.
 */
import { join, relative } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { compile, EXECUTABLE } from "../build.ts";
import { Page } from "./page.ts";

const ROOT = join(import.meta.dir, "..", "..");

const STEPS: readonly [name: string, text: string, work: () => void][] = [
  ["install", "the packages that bun.lockb names", install],
  ["build", relative(ROOT, EXECUTABLE), () => compile(join(ROOT, "src", "main.ts"), EXECUTABLE)],
];

const page = new Page(process.stdout);
page.title(manifest.name, "joins an MCP client that speaks stdio with a remote MCP server that speaks HTTP");
for (const [name, text, work] of STEPS) {
  const start = performance.now();
  page.begin(name, text);
  try {
    work();
  } catch (cause) {
    page.error(`the step "${name}" failed: ${(cause as Error).message}`);
    process.exit(1);
  }
  page.done(performance.now() - start);
}

function install(): void {
  const run = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile", "--no-progress"], {
    cwd: ROOT,
    stdout: "ignore",
    stderr: "pipe",
  });
  if (run.success) return;
  const [, reason] = /^error: (.+)$/m.exec(run.stderr.toString()) ?? [];
  throw new Error(reason ?? `bun install ended with ${run.exitCode}`);
}
