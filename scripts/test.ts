/**
 * Runs the tests: `bun run test [--full] [PATH ...]`. Builds the executable first, since the stories are told
 * against it too, and closes with one line, `N passed, N failed`. `--full` runs the full counts (`bun run proof`).
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, EXECUTABLE } from "./build.ts";

/** As long as all tests together may take outside of `--full`, in ms. */
const MOST_MS = 15 * 60_000;
const ROOT = join(import.meta.dir, "..");
const args = process.argv.slice(2);
const full = args.includes("--full");
const paths = args.filter((arg) => arg !== "--full");

compile(join(ROOT, "src", "main.ts"), EXECUTABLE);
const report = join(mkdtempSync(join(tmpdir(), "mcp-bridge-test-")), "junit.xml");
const run = Bun.spawnSync([
  process.execPath,
  "test",
  "--timeout=60000",
  "--reporter=junit",
  `--reporter-outfile=${report}`,
  ...(paths.length > 0 ? paths : ["./test"]),
], {
  cwd: ROOT,
  stdin: "ignore",
  // A test that never yields cannot be ended by a time-out of its own.
  ...(full ? {} : { timeout: MOST_MS, killSignal: "SIGKILL" }),
  stdout: "inherit",
  stderr: "inherit",
  env: { ...process.env, ...(full ? { TEST_COUNTS: "full" } : {}) },
});

const totals = /<testsuites[^>]*\btests="(\d+)"[^>]*\bfailures="(\d+)"[^>]*\bskipped="(\d+)"/.exec(
  await Bun.file(report).exists() ? readFileSync(report, "utf8") : "",
);
rmSync(join(report, ".."), { recursive: true });
const [tests, failures, skipped] = totals ? totals.slice(1).map(Number) as [number, number, number] : [0, 0, 0];
const failed = Math.max(failures, run.success ? 0 : 1);
console.log(
  `${tests - failures - skipped} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exit(failed === 0 ? 0 : 1);
