/** The gate for the text of the tree: format, lint, import directions between rooms, types. `--fix` formats. */
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const BIN = join(ROOT, "node_modules", ".bin");
const fix = process.argv.includes("--fix");

const steps: [name: string, command: string[]][] = [
  ["format", [join(BIN, "deno"), "fmt", ...(fix ? [] : ["--check"]), "--quiet"]],
  ["lint", [join(BIN, "deno"), "lint", "--quiet"]],
  ["imports", [process.execPath, join(ROOT, "scripts", "imports.ts")]],
  ["types", [join(BIN, "tsc"), "--project", ROOT]],
];

let failed = 0;
for (const [name, command] of steps) {
  const start = performance.now();
  const step = Bun.spawnSync(command, {
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
  });
  if (!step.success) failed++;
  console.log(`${step.success ? "ok  " : "FAIL"} ${name} ${Math.round(performance.now() - start)} ms`);
}
process.exit(failed === 0 ? 0 : 1);
