/** The packages of npm: one with the launcher, and for each machine one with the executable, of which npm installs the right one. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Product, ROOT } from "./product.ts";
import { executableName, type Target, TARGETS } from "./targets.ts";

/** The package of a target, by the name that the launcher makes of what Node.js says of its machine. */
export function packageName({ os, cpu, libc }: Target): string {
  return `@mcp-bridge/${os}-${cpu}${libc === "musl" ? "-musl" : ""}`;
}

/**
 * Writes the packages into `folder`, each into a folder by its name; `executableOf` says where the executable of a target
 * is. Returns the folders, that of the launcher last: it is published once all others are there.
 */
export function writeNpmPackages(
  folder: string,
  product: Product,
  executableOf: (target: Target) => string,
  licences: string,
): string[] {
  const targets = TARGETS.filter(({ hasPackage }) => hasPackage);
  const folders = targets.map((target) => writePackage(folder, product, target, executableOf(target), licences));
  return [...folders, writeLauncher(folder, product, targets)];
}

function writePackage(folder: string, product: Product, target: Target, executable: string, licences: string): string {
  const top = join(folder, packageName(target));
  const file = join(top, "bin", executableName(target));
  mkdirSync(join(top, "bin"), { recursive: true });
  copyFileSync(executable, file);
  chmodSync(file, 0o755);
  writeFileSync(join(top, "THIRD_PARTY_LICENSES.txt"), licences);
  writePapers(
    top,
    {
      ...common(product),
      name: packageName(target),
      description: `The executable of ${product.name} for ${target.name}.`,
      os: [target.os],
      cpu: [target.cpu],
      ...(target.libc === undefined ? {} : { libc: [target.libc] }),
      preferUnplugged: true,
    },
    `The executable of [mcp-bridge](${product.homepage}) for ${target.name}. Install \`mcp-bridge\`, which brings it.\n`,
  );
  return top;
}

function writeLauncher(folder: string, product: Product, targets: readonly Target[]): string {
  const top = join(folder, product.name);
  mkdirSync(top, { recursive: true });
  copyFileSync(join(import.meta.dir, "launcher.cjs"), join(top, "launcher.cjs"));
  chmodSync(join(top, "launcher.cjs"), 0o755);
  writePapers(top, {
    ...common(product),
    name: product.name,
    description: product.description,
    keywords: ["mcp", "model-context-protocol", "oauth", "bridge", "proxy"],
    bin: { [product.name]: "launcher.cjs" },
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(targets.map((target) => [packageName(target), product.version])),
  }, readFileSync(join(ROOT, "README.md"), "utf8"));
  return top;
}

function common({ version, license, homepage }: Product): object {
  return { version, license, homepage, repository: { type: "git", url: `git+${homepage}.git` } };
}

function writePapers(top: string, manifest: object, readme: string): void {
  writeFileSync(join(top, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  writeFileSync(join(top, "README.md"), readme);
  copyFileSync(join(ROOT, "LICENSE"), join(top, "LICENSE"));
}
