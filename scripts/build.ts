/**
 * Builds the executable for this machine: `bun run build [--entry FILE] [--outfile FILE]`.
 *
 * The flags that begin with `--no-compile-autoload` are a security control: without them the executable runs
 * code that it finds in the folder it is started from (`bunfig.toml`, `.env`, `package.json`, `tsconfig.json`).
 */
import { parseArgs } from "node:util";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** The executable's place, with the ending that the system wants. */
export const EXECUTABLE: string = join(
  ROOT,
  "dist",
  process.platform === "win32" ? "mcp-bridge.exe" : "mcp-bridge",
);

/** Compiles `entry` to one executable file. Throws with the compiler's own words when that fails. */
export function compile(entry: string, outfile: string): void {
  const { version } = require(join(ROOT, "package.json"));
  const build = Bun.spawnSync([
    process.execPath,
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    // What is loaded later stays out of the start: in one piece, signing in would cost every start 4 ms.
    "--splitting",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-package-json",
    "--no-compile-autoload-tsconfig",
    // Trust what the system trusts: the authority of an inspecting proxy stands there.
    "--compile-exec-argv=--use-system-ca",
    "--define",
    `BUILD_VERSION=${JSON.stringify(version)}`,
    "--outfile",
    outfile,
    entry,
  ], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  if (!build.success) throw new Error(`Cannot compile '${entry}': ${build.stderr.toString()}`);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { entry: { type: "string" }, outfile: { type: "string" } } });
  const outfile = values.outfile ?? EXECUTABLE;
  const start = performance.now();
  compile(values.entry ?? join(ROOT, "src", "main.ts"), outfile);
  console.log(`built ${outfile} in ${Math.round(performance.now() - start)} ms`);
}
