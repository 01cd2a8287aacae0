/**
 * Shows that the tests of the catalogue of faults can fail: `bun run mutations [ID ...]` takes away, in a copy of the tree
 * and one after the other, the code that an entry's promise rests on (`test/faults/mutations.ts`), and runs a test of that
 * entry, which must fail. Ends with exit code 1 where one does not.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CATALOGUE } from "../test/faults/catalogue.ts";
import { MUTATIONS } from "../test/faults/mutations.ts";
import { mutated, type Mutation } from "../test/faults/mutations/mutation.ts";
import { judge, readReport } from "./faults.ts";

const ROOT = join(import.meta.dir, "..");
const COPIED = [
  "src",
  "test",
  "scripts",
  ".github",
  "package.json",
  "bun.lockb",
  "deno.json",
  "tsconfig.json",
  "README.md",
];
/** As long as the tests of one entry may take, in ms. */
const LONGEST_MS = 600_000;

/** The tests of an entry that failed without the code; nothing where none did. */
function failuresWithout(copy: string, { id, file, test }: Mutation): number | undefined {
  const report = join(copy, "report.xml");
  rmSync(report, { force: true });
  const build =
    `await import("./scripts/build.ts").then(({ compile, EXECUTABLE }) => compile("src/main.ts", EXECUTABLE))`;
  const steps = [
    [process.execPath, "-e", build],
    [process.execPath, "test", "--timeout=20000", "--reporter=junit", `--reporter-outfile=${report}`, test],
  ];
  for (const step of steps) {
    const { exitCode } = Bun.spawnSync(step, {
      cwd: copy,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      timeout: LONGEST_MS,
    });
    if (exitCode !== 0 && step === steps[0]) {
      throw new Error(`${id}: the code does not compile without that of ${file}`);
    }
  }
  // One that takes memory or time without an end shows nothing: it takes another mutation.
  if (!existsSync(report)) return undefined;
  const entry = CATALOGUE.find((each) => each.id === id)!;
  const [row] = judge(readReport(readFileSync(report, "utf8")), [{ ...entry, shown: entry.shown ?? [] }]);
  return row!.failed === 0 ? undefined : row!.failed;
}

/** Takes the code away, looks, and puts it back. */
function look(copy: string, mutation: Mutation): number | undefined {
  const file = join(copy, mutation.file);
  const text = readFileSync(file, "utf8");
  writeFileSync(file, mutated(text, mutation));
  try {
    return failuresWithout(copy, mutation);
  } finally {
    writeFileSync(file, text);
  }
}

const ids = process.argv.slice(2);
const unknown = ids.find((id) => CATALOGUE.every((entry) => entry.id !== id));
if (unknown !== undefined) {
  console.error(`there is no entry ${JSON.stringify(unknown)} in the catalogue\nusage: bun run mutations [ID ...]`);
  process.exit(2);
}
const wanted = MUTATIONS.filter(({ id }) => ids.length === 0 || ids.includes(id));
const copy = mkdtempSync(join(tmpdir(), "mcp-bridge-mutations-"));
for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
mkdirSync(join(copy, "dist"));
let unseen = 0;
try {
  for (const mutation of wanted) {
    const failed = look(copy, mutation);
    if (failed === undefined) unseen++;
    console.log(
      `${failed === undefined ? "UNSEEN" : "seen  "} ${mutation.id.padEnd(4)} ${mutation.what}: ${failed ?? 0} failed`,
    );
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(
  `${wanted.length - unseen} of ${wanted.length} seen to fail, ${new Set(wanted.map(({ id }) => id)).size} entries`,
);
process.exit(unseen === 0 ? 0 : 1);
