/**
 * Builds the executables of a release and packs them: `bun run build:all [--outdir DIR] [--effort 0|1|6|9] [TARGET ...]`,
 * or in two steps, `--build-only` and `--pack-only`, between which a workflow signs them.
 * Executables come to DIR/targets, what is downloaded to DIR/release, with SHA256SUMS and the bill of materials.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addressOf, compile } from "../build.ts";
import { buildDetails } from "../build_details.ts";
import { type Effort, EFFORTS, type Entry, packTarXz, packZip } from "./archive.ts";
import { bundleName, hasBundle, packBundle } from "./bundle.ts";
import { writeSums } from "./checksums.ts";
import { type Component, componentsOf } from "./components.ts";
import { documents } from "./contents.ts";
import { thirdPartyLicences } from "./licences.ts";
import { isSignatureRight, MACOS_IDENTIFIER, withSignature } from "./macos_signature.ts";
import { type Product, readProduct, ROOT } from "./product.ts";
import { runtimeOf } from "./runtime.ts";
import { billOfMaterials } from "./sbom.ts";
import { archiveName, executableName, type Target, targetsNamed } from "./targets.ts";
import { withResources } from "./windows_resources.ts";

/** Where the executable of a target is, once it is built. */
export function executableOf(outdir: string, target: Target): string {
  return join(outdir, "targets", target.name, executableName(target));
}

/** The time of all files in the archives: that of the commit, or where there is none the first that a .zip file knows. */
export function commitTime(): Date {
  return new Date(buildDetails(ROOT).BUILD_DATE ?? "1980-01-01T00:00:00Z");
}

/**
 * Builds the executable of one target and says which packages of others are in it; `document` is the address of the client's
 * metadata document to build in.
 */
export function buildTarget(target: Target, outdir: string, document?: URL): Component[] {
  const work = mkdtempSync(join(tmpdir(), "mcp-bridge-build-"));
  try {
    const metafile = join(work, "metafile.json");
    const runtime = target.os === "win32" ? windowsRuntime(target, work) : runtimeOf(target);
    // The path of the outfile's folder stays out of the executable, its name does not: it is the same for all.
    compile(join(ROOT, "src", "main.ts"), executableOf(outdir, target), document, {
      bun: target.bun,
      runtime,
      metafile,
    });
    if (target.os === "darwin") sign(executableOf(outdir, target));
    return componentsOf(JSON.parse(readFileSync(metafile, "utf8")));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Signs a program for macOS where the compiler has not, or not rightly. */
function sign(executable: string): void {
  const program = readFileSync(executable);
  if (!isSignatureRight(program)) writeFileSync(executable, withSignature(program, MACOS_IDENTIFIER));
}

function windowsRuntime(target: Target, work: string): string {
  const file = join(work, "runtime.exe");
  const icon = readFileSync(join(import.meta.dir, "icon.ico"));
  writeFileSync(file, withResources(readFileSync(runtimeOf(target)), icon, readProduct()));
  return file;
}

/** Where the licences of what is in the executables in `outdir` are, as the archives have them. */
export function licencesIn(outdir: string): string {
  return join(outdir, "targets", "THIRD_PARTY_LICENSES.txt");
}

/** Packs the executable of one target, which was built before, into its archives and its bundle. */
export function packTarget(
  target: Target,
  outdir: string,
  product: Product,
  papers: readonly Entry[],
  effort: Effort,
): void {
  const program = { path: executableName(target), content: readFileSync(executableOf(outdir, target)) };
  const entries: Entry[] = [{ ...program, isExecutable: true }, ...papers];
  mkdirSync(join(outdir, "release"), { recursive: true });
  if (hasBundle(target)) {
    const file = join(outdir, "release", bundleName(product.version, target));
    writeFileSync(file, packBundle(product, target, program.content, papers, commitTime(), effort));
  }
  for (const packing of target.archives) {
    const name = archiveName(product.version, target, packing);
    const top = name.slice(0, -packing.length - 1);
    const file = join(outdir, "release", name);
    if (packing === "zip") writeFileSync(file, packZip(top, entries, commitTime(), effort));
    else packTarXz(file, top, entries, commitTime(), effort);
    console.log(`packed ${name}: ${(statSync(file).size / 1e6).toFixed(1)} MB`);
  }
}

/**
 * Takes the executables of `targets` as they are in `outdir`, signed meanwhile or not, and makes the folder of the release
 * of them. `components` are what is in them.
 */
export async function packRelease(
  targets: readonly Target[],
  outdir: string,
  components: readonly Component[],
  effort: Effort,
): Promise<void> {
  const product = readProduct();
  const release = join(outdir, "release");
  rmSync(release, { recursive: true, force: true });
  const licences = thirdPartyLicences(components, Bun.version);
  writeFileSync(licencesIn(outdir), licences);
  const papers = await documents(product, licences, commitTime());
  for (const target of targets) packTarget(target, outdir, product, papers, effort);
  const bill = billOfMaterials(product, components, Bun.version);
  writeFileSync(join(release, `${product.name}-${product.version}.cdx.json`), bill);
  await writeSums(release);
}

function effortOf(text: string): Effort {
  const effort = EFFORTS.find((each) => String(each) === text);
  if (effort === undefined) throw new Error(`'${text}' is no effort; there are ${EFFORTS.join(", ")}`);
  return effort;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      outdir: { type: "string", default: join(ROOT, "dist") },
      effort: { type: "string", default: "9" },
      "build-only": { type: "boolean", default: false },
      "client-metadata-url": { type: "string" },
      "pack-only": { type: "boolean", default: false },
    },
  });
  const targets = targetsNamed(positionals);
  const effort = effortOf(values.effort);
  const document = addressOf(values["client-metadata-url"]);
  const list = join(values.outdir, "targets", "components.json");
  if (values["pack-only"] && !existsSync(list)) throw new Error(`nothing was built in ${values.outdir}`);
  for (const target of values["pack-only"] ? [] : targets) {
    const start = performance.now();
    const components = buildTarget(target, values.outdir, document);
    writeFileSync(list, JSON.stringify(components));
    console.log(`built ${target.name} in ${Math.round(performance.now() - start)} ms`);
  }
  if (!values["build-only"]) {
    // Between the two the executables may be signed.
    await packRelease(targets, values.outdir, JSON.parse(readFileSync(list, "utf8")), effort);
  }
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
