/**
 * Builds the executable for this machine: `bun run build [--entry FILE] [--outfile FILE] [--client-metadata-url URL]`.
 * With the last, the executable says who it is by the document at that address wherever it is welcome, and the document
 * to publish there is written beside the executable.
 *
 * The flags that begin with `--no-compile-autoload` are a security control: without them the executable runs
 * code that it finds in the folder it is started from (`bunfig.toml`, `.env`, `package.json`, `tsconfig.json`).
 */
import { parseArgs } from "node:util";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { clientDocument } from "../src/auth/client_document.ts";
import { buildDetails } from "./build_details.ts";

const ROOT = join(import.meta.dir, "..");

/** The executable's place, with the ending that the system wants. */
export const EXECUTABLE: string = join(
  ROOT,
  "dist",
  process.platform === "win32" ? "mcp-bridge.exe" : "mcp-bridge",
);

/** Another system to compile for: the compiler's name of it, and the file of its runtime. */
export interface CompileTarget {
  readonly bun: string;
  readonly runtime: string;
  /** A file to write the modules to that go into the executable, as JSON. */
  readonly metafile?: string;
}

/**
 * Compiles `entry` to one executable file; `document` is the address of the client's metadata document to build in.
 * Throws with the compiler's own words when that fails.
 */
export function compile(entry: string, outfile: string, document?: URL, target?: CompileTarget): void {
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
    // What runs at the start alone is not worth making native; `main.ts` sets the usual measure once that is over.
    "--compile-jit-policy=10",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    "--no-compile-autoload-package-json",
    "--no-compile-autoload-tsconfig",
    // Trust what the system trusts: the authority of an inspecting proxy stands there.
    "--compile-exec-argv=--use-system-ca",
    "--define",
    `BUILD_VERSION=${JSON.stringify(version)}`,
    ...Object.entries(buildDetails(ROOT, target?.bun)).flatMap((
      [name, value],
    ) => ["--define", `${name}=${JSON.stringify(value)}`]),
    ...(document === undefined ? [] : ["--define", `BUILD_CLIENT_METADATA_URL=${JSON.stringify(document.href)}`]),
    ...(target === undefined ? [] : [`--target=${target.bun}`, `--compile-executable-path=${target.runtime}`]),
    ...(target?.metafile === undefined ? [] : [`--metafile=${target.metafile}`]),
    "--outfile",
    outfile,
    entry,
  ], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  if (!build.success) throw new Error(`Cannot compile '${entry}': ${build.stderr.toString()}`);
}

/** The address of the client's metadata document; a workflow gives an empty one where it has none. Throws on one that is none. */
export function addressOf(text: string | undefined): URL | undefined {
  if (!text) return undefined;
  if (!URL.canParse(text)) throw new Error(`the address of the client's document is none: '${text}'`);
  return new URL(text);
}

function main(): void {
  const { values } = parseArgs({
    options: { entry: { type: "string" }, outfile: { type: "string" }, "client-metadata-url": { type: "string" } },
  });
  const outfile = values.outfile ?? EXECUTABLE;
  const start = performance.now();
  const document = addressOf(values["client-metadata-url"]);
  compile(values.entry ?? join(ROOT, "src", "main.ts"), outfile, document);
  if (document !== undefined) {
    const text = `${JSON.stringify(clientDocument(document), undefined, 2)}\n`;
    writeFileSync(join(dirname(outfile), "client-metadata.json"), text);
  }
  console.log(`built ${outfile} in ${Math.round(performance.now() - start)} ms`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
