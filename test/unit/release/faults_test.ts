/** Nothing is published of a release with a fault, and each fault is named. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSums } from "../../../scripts/release/checksums.ts";
import {
  faultsOfExecutable,
  faultsOfExecutables,
  faultsOfFiles,
  faultsOfTag,
  faultsOfTree,
  faultsOfVersion,
  releaseFiles,
} from "../../../scripts/release/faults.ts";
import { readProduct } from "../../../scripts/release/product.ts";

const PRODUCT = { ...readProduct(), version: "1.2.3" };
let folder: string;
let release: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "faults-test-"));
  release = join(folder, "release");
  mkdirSync(release);
  git("init", "--quiet");
  writeFileSync(join(folder, ".gitignore"), "release/\nprogram\n");
  git("add", ".");
  git("commit", "--quiet", "--message", "first");
  git("tag", "v1.2.3");
  for (const name of releaseFiles(PRODUCT)) writeFileSync(join(release, name), name);
  await writeSums(release);
});
afterEach(() => rmSync(folder, { recursive: true }));

function git(...words: string[]): void {
  const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
  const { success, stderr } = Bun.spawnSync(["git", ...identity, ...words], { cwd: folder });
  if (!success) throw new Error(stderr.toString());
}

test("a release without a fault has none", async () => {
  expect(faultsOfTag(folder, PRODUCT, "v1.2.3")).toEqual([]);
  expect(faultsOfTree(folder)).toEqual([]);
  expect(await faultsOfFiles(release, PRODUCT)).toEqual([]);
});

test("a tag of another version is a fault, also where it is there", () => {
  git("tag", "v1.2.4");
  expect(faultsOfTag(folder, PRODUCT, "v1.2.4")).toEqual([
    "the tag 'v1.2.4' is not the version: package.json says 1.2.3",
  ]);
  expect(faultsOfTag(folder, PRODUCT, "1.2.3")).toHaveLength(1);
});

test("a tag that is not there, or at another commit, is a fault", () => {
  expect(faultsOfTag(folder, { ...PRODUCT, version: "9.9.9" }, "v9.9.9")).toEqual(["there is no tag 'v9.9.9'"]);
  git("commit", "--quiet", "--allow-empty", "--message", "second");
  expect(faultsOfTag(folder, PRODUCT, "v1.2.3")[0]).toMatch(
    /^the tag 'v1\.2\.3' is at [0-9a-f]{40}, and what is checked/,
  );
});

test("a version that is a preview is a fault, since package managers would take it for the newest", () => {
  expect(faultsOfVersion(PRODUCT)).toEqual([]);
  for (const version of ["1.2.3-rc.1", "1.2.3+4", "1.2", "v1.2.3"]) {
    expect(faultsOfVersion({ ...PRODUCT, version })).toEqual([
      `the version '${version}' is not three numbers: previews have no release`,
    ]);
  }
});

test("a file that was changed or is new is a fault of the tree", () => {
  writeFileSync(join(folder, "new.ts"), "");
  appendFileSync(join(folder, ".gitignore"), "x\n");
  expect(faultsOfTree(folder)).toEqual(["the tree is not clean: M .gitignore", "the tree is not clean: ?? new.ts"]);
});

test("a missing target is a fault", async () => {
  rmSync(join(release, "mcp-bridge-1.2.3-linux-arm64-musl.tar.xz"));
  expect(await faultsOfFiles(release, PRODUCT)).toEqual(["mcp-bridge-1.2.3-linux-arm64-musl.tar.xz is missing"]);
});

test("a file that is not what its checksum says is a fault (D2)", async () => {
  appendFileSync(join(release, "mcp-bridge-1.2.3-windows-x64.zip"), "more");
  expect(await faultsOfFiles(release, PRODUCT)).toEqual([
    "mcp-bridge-1.2.3-windows-x64.zip is not what its checksum says",
  ]);
});

test("a file of another version is a fault", async () => {
  writeFileSync(join(release, "mcp-bridge-1.2.2-linux-x64.tar.xz"), "old");
  expect(await faultsOfFiles(release, PRODUCT)).toEqual([
    "mcp-bridge-1.2.2-linux-x64.tar.xz is no part of this release",
  ]);
});

test("a folder without checksums is a fault that says how to come by them", async () => {
  rmSync(join(release, "SHA256SUMS"));
  expect(await faultsOfFiles(release, PRODUCT)).toEqual([
    `there is no SHA256SUMS in ${release}: build with "bun run build:all"`,
  ]);
});

test("checksums that are none are a fault", async () => {
  appendFileSync(join(release, "SHA256SUMS"), "\u001b[31mmore\n");
  expect(await faultsOfFiles(release, PRODUCT)).toEqual([
    'SHA256SUMS has a line that is no checksum: "\\u001b[31mmore"',
  ]);
});

test.skipIf(process.platform === "win32")("an executable of another version is a fault", () => {
  const program = join(folder, "program");
  writeFileSync(program, `#!/bin/sh\necho '{"version":"1.2.2"}'\n`, { mode: 0o755 });
  expect(faultsOfExecutable(program, PRODUCT)).toEqual([`${program} says that it is 1.2.2, not 1.2.3`]);
});

test("an executable of another commit, or of sources that were changed, is a fault on whatever machine", () => {
  const program = join(folder, "program");
  const { stdout } = Bun.spawnSync(["git", "rev-parse", "HEAD"], { cwd: folder });
  const head = stdout.toString().trim();
  for (const commit of ["0".repeat(40), `${head}+`]) {
    writeFileSync(program, `\0commit:"${commit}",`);
    expect(faultsOfExecutables([program], folder)).toEqual([`${program} is not of commit ${head}`]);
  }
  writeFileSync(program, `\0commit:"${head}",`);
  expect(faultsOfExecutables([program], folder)).toEqual([]);
});

test("an executable that is not there, or does not run, is a fault", () => {
  const program = join(folder, "program");
  expect(faultsOfExecutables([program, join(folder, ".gitignore")], folder)).toEqual([`${program} is missing`]);
  expect(faultsOfExecutable(program, PRODUCT)).toEqual([`${program} does not run`]);
  writeFileSync(program, "no program", { mode: 0o755 });
  expect(faultsOfExecutable(program, PRODUCT)).toEqual([`${program} does not run`]);
});
