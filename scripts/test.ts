/**
 * Runs the tests: `bun run test [--full] [--table] [PATH ...]`. Builds the executable first, since the stories are told
 * against it too, and closes with one line, `N passed, N failed`. `--full` runs the full counts (`bun run proof`). A run
 * of all tests fails where an entry of the catalogue of faults has lost its tests; `--table` writes what holds into
 * `.github/FAULTS.md` (`bun run faults`).
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile, EXECUTABLE } from "./build.ts";
import { judge, readReport, summary, TABLE, tableText } from "./faults.ts";

/** How long one test may take, in ms, where it does not say so itself; full counts are up to a hundred times as many. */
const LONGEST_TEST_MS = 60_000;
const LONGEST_FULL_TEST_MS = 600_000;
/** After so long, in ms, the tests hang: they take a quarter of it, and a busy machine half. */
const MOST_MS = 40 * 60_000;
const MOST_FULL_MS = 240 * 60_000;
const ROOT = join(import.meta.dir, "..");
const args = process.argv.slice(2);
const full = args.includes("--full");
const most = full ? MOST_FULL_MS : MOST_MS;
const table = args.includes("--table");
const paths = args.filter((arg) => !arg.startsWith("--"));

compile(join(ROOT, "src", "main.ts"), EXECUTABLE);
const report = join(mkdtempSync(join(tmpdir(), "mcp-bridge-test-")), "junit.xml");
const run = Bun.spawnSync([
  process.execPath,
  "test",
  `--timeout=${full ? LONGEST_FULL_TEST_MS : LONGEST_TEST_MS}`,
  "--reporter=junit",
  `--reporter-outfile=${report}`,
  ...(paths.length > 0 ? paths : ["./test"]),
], {
  cwd: ROOT,
  stdin: "ignore",
  // A test that never yields cannot be ended by a time-out of its own.
  timeout: most,
  killSignal: "SIGKILL",
  stdout: "inherit",
  stderr: "inherit",
  env: { ...process.env, ...(full ? { TEST_COUNTS: "full" } : {}) },
});

const xml = existsSync(report) ? readFileSync(report, "utf8") : "";
rmSync(join(report, ".."), { recursive: true });
const isWhole = paths.length === 0 && xml.length > 0;
const missing = isWhole ? tellOfFaults() : 0;
const totals = /<testsuites[^>]*\btests="(\d+)"[^>]*\bfailures="(\d+)"[^>]*\bskipped="(\d+)"/.exec(xml);
const [tests, failures, skipped] = totals ? totals.slice(1).map(Number) as [number, number, number] : [0, 0, 0];
const failed = Math.max(failures, run.success ? 0 : 1) + missing;
if (run.exitedDueToTimeout) console.error(`the tests did not end in ${most / 60_000} minutes, and were stopped`);
console.log(
  `${tests - failures - skipped} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exit(failed === 0 ? 0 : 1);

/** Says how much of the catalogue of faults is shown, and gives how much has lost its tests. */
function tellOfFaults(): number {
  const cases = readReport(xml);
  const rows = judge(cases);
  if (table) writeFileSync(TABLE, tableText(rows, cases));
  console.log(summary(rows));
  // What needs another system's keychain, its signals or its proc is left out there.
  const lost = process.platform === "linux" ? rows.flatMap((row) => row.lost) : [];
  for (const what of lost) console.log(`no test that ran shows ${what} any more`);
  return lost.length;
}
