/** What keeps a release from being published, all of it looked at before anything is. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleName, hasBundle } from "./bundle.ts";
import { readSums, sha256Of, SUMS } from "./checksums.ts";
import type { Product } from "./product.ts";
import { archiveName, type Target, TARGETS } from "./targets.ts";

/** The files of a release of `targets`, without the checksums. */
export function releaseFiles({ name, version }: Product, targets: readonly Target[] = TARGETS): string[] {
  return [
    ...targets.flatMap((target) => target.archives.map((packing) => archiveName(version, target, packing))),
    ...targets.filter(hasBundle).map((target) => bundleName(version, target)),
    `${name}-${version}.cdx.json`,
  ];
}

/** What is wrong with the tag: it must be the version's, and stand at what is checked out. `root` is the repository. */
export function faultsOfTag(root: string, { version }: Product, tag: string): string[] {
  if (tag !== `v${version}`) return [`the tag '${tag}' is not the version: package.json says ${version}`];
  const [tagged, head] = [`refs/tags/${tag}^{commit}`, "HEAD"].map((name) =>
    git(root, "rev-parse", "--verify", "-q", name)
  );
  if (tagged === "") return [`there is no tag '${tag}'`];
  return tagged === head ? [] : [`the tag '${tag}' is at ${tagged}, and what is checked out is ${head}`];
}

/** What is wrong with the version: package managers take every release for the newest, so that none may be a preview. */
export function faultsOfVersion({ version }: Product): string[] {
  return /^\d+\.\d+\.\d+$/.test(version)
    ? []
    : [`the version '${version}' is not three numbers: previews have no release`];
}

/** What is wrong with the tree: it must be the commit's, to the letter. */
export function faultsOfTree(root: string): string[] {
  const changes = git(root, "status", "--porcelain");
  return changes === "" ? [] : changes.split("\n").map((line) => `the tree is not clean: ${line.trim()}`);
}

/** What is wrong with the files in `folder`: all must be there, be what their checksum says, and nothing else be there. */
export async function faultsOfFiles(folder: string, product: Product): Promise<string[]> {
  if (!existsSync(join(folder, SUMS))) return [`there is no ${SUMS} in ${folder}: build with "bun run build:all"`];
  let sums: Map<string, string>;
  try {
    sums = readSums(folder);
  } catch (error) {
    return [(error as Error).message];
  }
  const wanted = releaseFiles(product);
  const present = readdirSync(folder).filter((name) => name !== SUMS);
  const strangers = new Set([...present, ...sums.keys()].filter((name) => !wanted.includes(name)));
  const faults = [...strangers].map((name) => `${name} is no part of this release`);
  for (const name of wanted) {
    if (!present.includes(name)) faults.push(`${name} is missing`);
    else if (!sums.has(name)) faults.push(`${name} has no checksum`);
    else if (sums.get(name) !== await sha256Of(join(folder, name))) {
      faults.push(`${name} is not what its checksum says`);
    }
  }
  return faults;
}

/**
 * What is wrong with the executables in `files`: all must be there, and have the commit of the sources at `root` written into
 * them. Those of an earlier build have another one, and those of changed sources a "+" behind it.
 */
export function faultsOfExecutables(files: readonly string[], root: string): string[] {
  const head = git(root, "rev-parse", "HEAD");
  const isOther = (file: string): boolean => {
    const content = readFileSync(file);
    const place = content.indexOf(head);
    return place < 0 || content[place + head.length] === "+".charCodeAt(0);
  };
  const missing = faultsOfPresence(files);
  return missing.length > 0 ? missing : files.filter(isOther).map((file) => `${file} is not of commit ${head}`);
}

/**
 * What is wrong with an executable, which is run: it must say the version. Only that of this machine can be asked; the others
 * come from the same sources.
 */
export function faultsOfExecutable(executable: string, { version }: Product): string[] {
  const said = detailsOf(executable);
  if (said === undefined) return [`${executable} does not run`];
  return said.version === version ? [] : [`${executable} says that it is ${said.version}, not ${version}`];
}

/** What an executable says of its build; nothing where it does not run, or says no such thing. */
function detailsOf(executable: string): { version?: unknown } | undefined {
  try {
    const { stdout } = Bun.spawnSync([executable, "--version", "--json"], { stdin: "ignore", stderr: "ignore" });
    return JSON.parse(stdout.toString());
  } catch {
    return undefined;
  }
}

/** What is wrong with `files`, which go into the packages of npm and the container: all must be there. */
export function faultsOfPresence(files: readonly string[]): string[] {
  return files.filter((file) => !existsSync(file)).map((file) => `${file} is missing`);
}

function git(root: string, ...words: string[]): string {
  return Bun.spawnSync(["git", "-C", root, ...words], { stderr: "ignore" }).stdout.toString().trimEnd();
}
