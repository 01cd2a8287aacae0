/**
 * Makes what package managers need of a release that was built: `bun run release --tag TAG [--outdir DIR]`. Before it writes
 * anything it looks at the tag, the tree, the files and their checksums, and says all that is wrong with them; with
 * `--sources` at the tag, the version, the changelog and the tree alone, before anything is built. It publishes nothing: the
 * workflow does, from DIR/publish and DIR/release.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { executableOf, licencesIn } from "./release/build_targets.ts";
import { faultsOfChangelog, releaseNotes } from "./release/changelog.ts";
import { readSums } from "./release/checksums.ts";
import { writeContainer } from "./release/container.ts";
import {
  faultsOfExecutable,
  faultsOfExecutables,
  faultsOfFiles,
  faultsOfPresence,
  faultsOfTag,
  faultsOfTree,
  faultsOfVersion,
} from "./release/faults.ts";
import { homebrewFormula } from "./release/homebrew.ts";
import { writeNpmPackages } from "./release/npm_packages.ts";
import { type Product, readProduct, ROOT } from "./release/product.ts";
import { scoopManifest } from "./release/scoop.ts";
import { type Target, TARGETS } from "./release/targets.ts";
import { wingetManifests } from "./release/winget.ts";

/** All that is wrong with the sources of the release of `tag`. */
export function faultsOfSources(tag: string, root: string = ROOT): string[] {
  const product = readProduct(root);
  return [
    ...faultsOfTag(root, product, tag),
    ...faultsOfVersion(product),
    ...faultsOfChangelog(root, product),
    ...faultsOfTree(root),
  ];
}

/** All that is wrong with the release of `tag` in `outdir`. */
export async function faultsOfRelease(tag: string, outdir: string, root: string = ROOT): Promise<string[]> {
  const product = readProduct(root);
  const own = TARGETS.find(({ os, cpu, libc }) => os === process.platform && cpu === process.arch && libc !== "musl");
  return [
    ...faultsOfSources(tag, root),
    ...await faultsOfFiles(join(outdir, "release"), product),
    ...faultsOfExecutables(TARGETS.map((target) => executableOf(outdir, target)), root),
    ...faultsOfPresence([licencesIn(outdir)]),
    ...(own === undefined || !existsSync(executableOf(outdir, own))
      ? []
      : faultsOfExecutable(executableOf(outdir, own), product)),
  ];
}

/** Writes everything that is published beside the files of the release, into DIR/publish. */
export function writePublications(outdir: string, product: Product): void {
  const publish = join(outdir, "publish");
  rmSync(publish, { recursive: true, force: true });
  const sums = readSums(join(outdir, "release"));
  const files: Record<string, string> = {
    "notes.md": releaseNotes(ROOT, product),
    "homebrew/Formula/mcp-bridge.rb": homebrewFormula(product, sums),
    "scoop/bucket/mcp-bridge.json": scoopManifest(product, sums),
  };
  for (const [name, text] of Object.entries(wingetManifests(product, sums))) files[`winget/${name}`] = text;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(publish, name)), { recursive: true });
    writeFileSync(join(publish, name), text);
  }
  const executable = (target: Target): string => executableOf(outdir, target);
  const licences = readFileSync(licencesIn(outdir), "utf8");
  const npm = join(publish, "npm");
  const packages = writeNpmPackages(npm, product, executable, licences);
  writeFileSync(join(npm, "order.txt"), packages.map((folder) => `${relative(npm, folder)}\n`).join(""));
  writeContainer(join(publish, "container"), executable, licences);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tag: { type: "string" },
      outdir: { type: "string", default: join(ROOT, "dist") },
      sources: { type: "boolean", default: false },
    },
  });
  const { tag } = values;
  if (!tag) throw new Error('no tag is named: say "--tag v" and the version');
  const faults = values.sources ? faultsOfSources(tag) : await faultsOfRelease(tag, values.outdir);
  for (const fault of faults) console.error(`release: ${fault}`);
  if (faults.length > 0) throw new Error("nothing was written");
  if (values.sources) return console.log(`release: the sources of ${tag} are as they should be`);
  const product = readProduct();
  writePublications(values.outdir, product);
  console.log(`release: ${product.name} ${product.version} is ready in ${join(values.outdir, "publish")}`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(`release: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
