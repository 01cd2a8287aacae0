/**
 * A release from beginning to end, in a clone with a tag: built, packed, checked, and written for all package managers. Only
 * this machine's executable is built for it; in the place of the others are small files, since packing takes minutes.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { executableOf } from "../../scripts/release/build_targets.ts";
import { readProduct, ROOT } from "../../scripts/release/product.ts";
import { TARGETS } from "../../scripts/release/targets.ts";

const folder = mkdtempSync(join(tmpdir(), "release-test-"));
const clone = join(folder, "clone");
const tag = `v${readProduct().version}`;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...command: string[]): { exitCode: number; said: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd: clone });
  return { exitCode, said: `${stdout}${stderr}` };
}

function release(...words: string[]): { exitCode: number; said: string } {
  return run(process.execPath, "scripts/release.ts", ...words);
}

function build(...words: string[]): void {
  const { exitCode, said } = run(process.execPath, "scripts/release/build_targets.ts", ...words);
  if (exitCode !== 0) throw new Error(said);
}

const own = TARGETS.find(({ os, cpu, libc }) => os === process.platform && cpu === process.arch && libc !== "musl");
describe.skipIf(own === undefined || Bun.which("xz") === null)("a release", () => {
  beforeAll(() => {
    Bun.spawnSync(["git", "clone", "--quiet", "--no-tags", ROOT, clone]);
    // What is tried is what is written here, committed or not.
    for (const part of ["src", "scripts", "package.json", "README.md", ".github"]) {
      cpSync(join(ROOT, part), join(clone, part), { recursive: true });
    }
    const changelog = join(clone, ".github", "CHANGELOG.md");
    writeFileSync(changelog, readFileSync(changelog, "utf8").replace(", unreleased", ", 2026-11-24"));
    symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"), "junction");
    appendFileSync(join(clone, ".git", "info", "exclude"), "node_modules\n");
    const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    run("git", "add", "--all");
    run("git", ...identity, "commit", "--quiet", "--allow-empty", "--message", "release");
    run("git", "tag", tag);
    build("--build-only", own!.name);
    const dist = join(clone, "dist");
    const head = run("git", "rev-parse", "HEAD").said.trim();
    for (const target of TARGETS.filter((target) => target !== own)) {
      mkdirSync(dirname(executableOf(dist, target)), { recursive: true });
      if (target.name === "linux-x64-baseline" && own!.name === "linux-x64") {
        cpSync(executableOf(dist, own!), executableOf(dist, target));
      } else writeFileSync(executableOf(dist, target), `the executable of ${target.name} at ${head}`);
    }
    build("--pack-only", "--effort", "0");
  }, 900_000);

  test("with a fault is not written, and every fault is named at once", () => {
    const archive = join(clone, "dist", "release", `mcp-bridge-${tag.slice(1)}-darwin-arm64.tar.xz`);
    const content = readFileSync(archive);
    writeFileSync(archive, "another file");
    const stale = executableOf(join(clone, "dist"), TARGETS.find(({ name }) => name === "darwin-arm64")!);
    const executable = readFileSync(stale);
    writeFileSync(stale, "the executable of an earlier build");
    writeFileSync(join(clone, "left.txt"), "");
    const { exitCode, said } = release("--tag", "v9.9.9");
    writeFileSync(archive, content);
    writeFileSync(stale, executable);
    rmSync(join(clone, "left.txt"));
    expect(said).toBe(
      `release: the tag 'v9.9.9' is not the version: package.json says ${tag.slice(1)}\n` +
        "release: the tree is not clean: ?? left.txt\n" +
        `release: mcp-bridge-${tag.slice(1)}-darwin-arm64.tar.xz is not what its checksum says\n` +
        `release: ${stale} is not of commit ${run("git", "rev-parse", "HEAD").said.trim()}\n` +
        "release: nothing was written\n",
    );
    expect(exitCode).toBe(1);
    expect(existsSync(join(clone, "dist", "publish"))).toBe(false);
  }, 300_000);

  test("whose sources have a fault is not even built, and says so before", () => {
    const changelog = join(clone, ".github", "CHANGELOG.md");
    const text = readFileSync(changelog, "utf8");
    expect(release("--sources", "--tag", tag)).toEqual({
      exitCode: 0,
      said: `release: the sources of ${tag} are as they should be\n`,
    });
    writeFileSync(changelog, text.replace(/^## .*$/m, "## Next"));
    const { exitCode, said } = release("--sources", "--tag", "v9.9.9");
    writeFileSync(changelog, text);
    expect(said).toBe(
      `release: the tag 'v9.9.9' is not the version: package.json says ${tag.slice(1)}\n` +
        `release: .github/CHANGELOG.md has no part "## ${tag.slice(1)}, YYYY-MM-DD"\n` +
        "release: the tree is not clean: M .github/CHANGELOG.md\n" +
        "release: nothing was written\n",
    );
    expect(exitCode).toBe(1);
  }, 300_000);

  test("says what is wrong with the words it was given, in one line", () => {
    expect(release("--tagg", tag).said).toMatch(/^release: Unknown option '--tagg'.*\n$/);
  });

  test.skipIf(process.platform !== "linux")("that was changed on its way is found out by its checksums (D2)", () => {
    const folder = join(clone, "dist", "release");
    const check = ["bash", "-c", `cd "${folder}" && sha256sum --check --ignore-missing SHA256SUMS`];
    expect(run(...check).exitCode).toBe(0);
    const archive = join(folder, `mcp-bridge-${tag.slice(1)}-linux-x64.tar.xz`);
    const content = readFileSync(archive);
    const changed = Buffer.from(content);
    changed[changed.length >> 1]! ^= 1;
    writeFileSync(archive, changed);
    const { exitCode, said } = run(...check);
    writeFileSync(archive, content);
    expect(said).toContain("linux-x64.tar.xz: FAILED");
    expect(exitCode).toBe(1);
  }, 300_000);

  test("brings along what is in it: a bill of materials, and in each archive the licences (D9)", () => {
    const folder = join(clone, "dist", "release");
    const bill = JSON.parse(readFileSync(join(folder, `mcp-bridge-${tag.slice(1)}.cdx.json`), "utf8"));
    const listed: string[] = bill.components.map(({ purl }: { purl: string }) => purl);
    const { dependencies } = JSON.parse(readFileSync(join(clone, "package.json"), "utf8"));
    for (const name of ["hono", "zod", "mri"]) expect(listed).toContain(`pkg:npm/${name}@${dependencies[name]}`);
    expect(listed).toContain(`pkg:npm/bun@${Bun.version}`);
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".tar.xz"))) {
      const papers = run("tar", "--list", "--file", join(folder, name)).said;
      expect(papers).toContain("/THIRD_PARTY_LICENSES.txt\n");
    }
  }, 300_000);

  test("without a fault is ready for all package managers", () => {
    const { exitCode, said } = release("--tag", tag);
    expect(said).toStartWith(`release: mcp-bridge ${tag.slice(1)} is ready in `);
    expect(exitCode).toBe(0);
    const publish = join(clone, "dist", "publish");
    for (
      const file of [
        "homebrew/Formula/mcp-bridge.rb",
        "scoop/bucket/mcp-bridge.json",
        "winget/McpBridge.McpBridge.installer.yaml",
        "container/Containerfile",
        "container/arm64/mcp-bridge",
        "npm/mcp-bridge/launcher.cjs",
      ]
    ) expect(existsSync(join(publish, file))).toBe(true);
    expect(readFileSync(join(publish, "notes.md"), "utf8")).toStartWith("* ");
    const order = readFileSync(join(publish, "npm", "order.txt"), "utf8").trim().split("\n");
    expect(order.at(-1)).toBe("mcp-bridge");
    for (const name of order) expect(existsSync(join(publish, "npm", name, "package.json"))).toBe(true);
  }, 300_000);

  test.skipIf(process.platform !== "linux")(
    "is installed as Homebrew's formula and Scoop's manifest say, by hand",
    () => {
      const publish = join(clone, "dist", "publish");
      const formula = readFileSync(join(publish, "homebrew/Formula/mcp-bridge.rb"), "utf8");
      const [, url, sum] = /on_linux do[\s\S]*on_intel do\s+url "([^"]+)"\s+sha256 "([^"]+)"/.exec(formula)!;
      const archive = join(clone, "dist", "release", url!.split("/").at(-1)!);
      expect(new Bun.CryptoHasher("sha256").update(readFileSync(archive)).digest("hex")).toBe(sum!);
      const cellar = join(folder, "cellar");
      run("mkdir", cellar);
      // As brew does: the one folder of the archive is gone into.
      run("tar", "--extract", "--strip-components=1", "--file", archive, "--directory", cellar);
      expect(Bun.spawnSync([join(cellar, "mcp-bridge"), "--version"]).stdout.toString()).toBe(`${tag.slice(1)}\n`);
      const named = [...formula.matchAll(/(?:man1|_completion)\.install "([^"]+)"/g)].map(([, path]) => path!);
      expect(named).toHaveLength(4);
      for (const path of named) expect(existsSync(join(cellar, path))).toBe(true);
      const scoop = JSON.parse(readFileSync(join(publish, "scoop/bucket/mcp-bridge.json"), "utf8"));
      const part = scoop.architecture["64bit"];
      const apps = join(folder, "apps");
      const forWindows = join(clone, "dist", "release", part.url.split("/").at(-1));
      expect(new Bun.CryptoHasher("sha256").update(readFileSync(forWindows)).digest("hex")).toBe(part.hash);
      run("mkdir", apps);
      run("tar", "--extract", "--file", forWindows, "--directory", apps);
      expect(existsSync(join(apps, part.extract_dir, scoop.bin))).toBe(true);
    },
    300_000,
  );
});
