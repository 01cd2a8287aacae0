/**
 * Builds the executables of a release and packs them: `bun run build:all [--outdir DIR] [--effort 0|1|6|9] [TARGET ...]`.
 * Executables come to DIR/targets, what is downloaded to DIR/release, with SHA256SUMS and the bill of materials.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compile } from "../build.ts";
import { buildDetails } from "../build_details.ts";
import { type Effort, type Entry, packTarXz, packZip } from "./archive.ts";
import { writeSums } from "./checksums.ts";
import { type Component, componentsOf } from "./components.ts";
import { documents } from "./contents.ts";
import { thirdPartyLicences } from "./licences.ts";
import { type Product, readProduct, ROOT } from "./product.ts";
import { runtimeOf } from "./runtime.ts";
import { billOfMaterials } from "./sbom.ts";
import { archiveName, executableName, type Target, TARGETS, targetsNamed } from "./targets.ts";
import { withResources } from "./windows_resources.ts";

/** Where the executable of a target is, once it is built. */
export function executableOf(outdir: string, target: Target): string {
  return join(outdir, "targets", target.name, executableName(target));
}

/** The time of all files in the archives: that of the commit, or where there is none the first that a .zip file knows. */
export function commitTime(): Date {
  return new Date(buildDetails(ROOT).BUILD_DATE ?? "1980-01-01T00:00:00Z");
}

/** Builds the executable of one target and says which packages of others are in it. */
export function buildTarget(target: Target, outdir: string, product: Product = readProduct()): Component[] {
  const work = join(outdir, "work", target.name);
  mkdirSync(work, { recursive: true });
  try {
    const metafile = join(work, "metafile.json");
    const runtime = target.os === "win32" ? windowsRuntime(target, work, product) : runtimeOf(target);
    // The path of the outfile's folder stays out of the executable, its name does not: it is the same for all.
    compile(join(ROOT, "src", "main.ts"), executableOf(outdir, target), undefined, {
      bun: target.bun,
      runtime,
      metafile,
    });
    return componentsOf(JSON.parse(readFileSync(metafile, "utf8")));
  } finally {
    rmSync(work, { recursive: true });
  }
}

function windowsRuntime(target: Target, work: string, product: Product): string {
  const file = join(work, "runtime.exe");
  const icon = readFileSync(join(import.meta.dir, "icon.ico"));
  writeFileSync(file, withResources(readFileSync(runtimeOf(target)), icon, product));
  return file;
}

/** Packs the executable of one target, which was built before, into its archives. */
export function packTarget(
  target: Target,
  outdir: string,
  version: string,
  papers: readonly Entry[],
  effort: Effort,
): void {
  const program = { path: executableName(target), content: readFileSync(executableOf(outdir, target)) };
  const entries: Entry[] = [{ ...program, isExecutable: true }, ...papers];
  mkdirSync(join(outdir, "release"), { recursive: true });
  for (const packing of target.archives) {
    const name = archiveName(version, target, packing);
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
  const papers = documents(thirdPartyLicences(components, Bun.version));
  for (const target of targets) packTarget(target, outdir, product.version, papers, effort);
  const bill = billOfMaterials(product, components, Bun.version);
  writeFileSync(join(release, `${product.name}-${product.version}.cdx.json`), bill);
  await writeSums(release);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      outdir: { type: "string", default: join(ROOT, "dist") },
      effort: { type: "string", default: "9" },
      "build-only": { type: "boolean", default: false },
      "pack-only": { type: "boolean", default: false },
    },
  });
  const targets = targetsNamed(positionals);
  const effort = Number(values.effort) as Effort;
  let components: Component[] = [];
  const isBuilt = values["pack-only"];
  for (const target of isBuilt ? [] : targets) {
    const start = performance.now();
    components = buildTarget(target, values.outdir);
    console.log(`built ${target.name} in ${Math.round(performance.now() - start)} ms`);
  }
  if (isBuilt) components = buildTarget(TARGETS[0]!, join(values.outdir, "work"));
  if (!values["build-only"]) await packRelease(targets, values.outdir, components, effort);
}
