/** The packages of npm and the bundle of Claude Desktop, with a small program in the place of the executable. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleManifest, hasBundle, packBundle } from "../../../scripts/release/bundle.ts";
import { writeContainer } from "../../../scripts/release/container.ts";
import { packageName, writeNpmPackages } from "../../../scripts/release/npm_packages.ts";
import { readProduct, ROOT } from "../../../scripts/release/product.ts";
import { TARGETS } from "../../../scripts/release/targets.ts";

const PRODUCT = { ...readProduct(), version: "1.2.3" };
const isUnix = process.platform !== "win32";
const folder = mkdtempSync(join(tmpdir(), "packages-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const program = join(folder, "program");
writeFileSync(
  program,
  `#!/bin/sh
case "$1" in
  cat) exec cat ;;
  exit) exit "$2" ;;
  kill) kill -TERM $$ ;;
  *) echo "$# $*" ;;
esac
`,
);

describe("npm", () => {
  const packages = writeNpmPackages(join(folder, "npm"), PRODUCT, () => program, "licences");
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(join(folder, "npm", name, "package.json"), "utf8"));

  test("the launcher's package wants exactly the others, in its own version", () => {
    expect(packages).toHaveLength(9);
    const others = packages.slice(0, -1).map((path) =>
      path.slice(join(folder, "npm").length + 1).replaceAll("\\", "/")
    );
    expect(read("mcp-bridge").optionalDependencies).toEqual(Object.fromEntries(others.map((name) => [name, "1.2.3"])));
  });

  test("each says which machine it is for, and runs nothing when it is installed", () => {
    expect(read("@mcp-bridge/linux-x64-musl")).toMatchObject({ os: ["linux"], cpu: ["x64"], libc: ["musl"] });
    expect(read("@mcp-bridge/win32-arm64")).toMatchObject({ os: ["win32"], cpu: ["arm64"] });
    for (const path of packages) expect(readFileSync(join(path, "package.json"), "utf8")).not.toContain('"scripts"');
  });

  describe.skipIf(!isUnix)("installed from its tarballs into an empty folder", () => {
    const place = join(folder, "place");
    const own = TARGETS.find((target) =>
      target.hasPackage && target.os === process.platform && target.cpu === process.arch && target.libc !== "musl"
    )!;
    /** Packs a package and unpacks what came of it where npm installs it, since the registry has no such packages. */
    function install(name: string): void {
      const packed = Bun.spawnSync(["npm", "pack", "--json", "--pack-destination", folder], {
        cwd: join(folder, "npm", name),
        stderr: "ignore",
      });
      const [{ filename }] = JSON.parse(packed.stdout.toString());
      const top = join(place, "node_modules", name);
      mkdirSync(top, { recursive: true });
      Bun.spawnSync(["tar", "-xzf", join(folder, filename), "-C", top, "--strip-components=1"]);
    }
    const launch = (
      ...words: string[]
    ): string[] => ["node", join(place, "node_modules/mcp-bridge/launcher.cjs"), ...words];

    test("the launcher hands over words, input, output and the exit code", () => {
      install("mcp-bridge");
      install(packageName(own));
      expect(Bun.spawnSync(launch("a b", "", "c")).stdout.toString()).toBe("3 a b  c\n");
      expect(Bun.spawnSync(launch("cat"), { stdin: Buffer.from("line\n") }).stdout.toString()).toBe("line\n");
      expect(Bun.spawnSync(launch("exit", "7")).exitCode).toBe(7);
      expect(Bun.spawnSync(launch("kill")).exitCode).toBe(143);
    });

    test("a signal to the launcher ends the executable", async () => {
      const child = Bun.spawn(launch("cat"), { stdin: "pipe", stdout: "pipe" });
      child.stdin.write("ready\n");
      await child.stdin.flush();
      await child.stdout.getReader().read();
      child.kill("SIGTERM");
      expect(await child.exited).toBe(143);
    });

    test("without the machine's package it says so, and what helps", () => {
      cpSync(join(place, "node_modules/mcp-bridge"), join(folder, "alone"), { recursive: true });
      const { stderr, exitCode } = Bun.spawnSync(["node", join(folder, "alone", "launcher.cjs")]);
      expect(stderr.toString()).toBe(
        `mcp-bridge: error: the package "${packageName(own)}" is not installed\n` +
          'mcp-bridge: hint: install "mcp-bridge" again without "--omit=optional", or take a download\n',
      );
      expect(exitCode).toBe(1);
    });
  });
});

describe("the bundle of Claude Desktop", () => {
  const mcpb = join(ROOT, "node_modules", "@anthropic-ai", "mcpb", "dist", "cli", "cli.js");
  for (const target of TARGETS.filter(hasBundle)) {
    test(`of ${target.name} has a manifest that mcpb takes, and the files that it names`, () => {
      const file = join(folder, `${target.name}.mcpb`);
      const time = new Date("2026-11-23T08:00:00Z");
      writeFileSync(file, packBundle(PRODUCT, target, readFileSync(program), [], time, 1));
      const unpacked = join(folder, target.name);
      const unpack = Bun.spawnSync(["node", mcpb, "unpack", file, unpacked]);
      expect(unpack.exitCode).toBe(0);
      const check = Bun.spawnSync(["node", mcpb, "validate", join(unpacked, "manifest.json")]);
      expect(`${check.stdout}${check.stderr}`).toContain("Manifest schema validation passes!");
      const { server, icon } = bundleManifest(PRODUCT, target) as { server: { entry_point: string }; icon: string };
      expect(existsSync(join(unpacked, server.entry_point))).toBe(true);
      // The size that mcpb recommends, and does not look at.
      const picture = readFileSync(join(unpacked, icon));
      expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([512, 512]);
    });
  }
});

test("the container has all that its description copies, runs as nobody in particular and starts serve", () => {
  const place = join(folder, "container");
  writeContainer(place, () => program, "licences");
  const description = readFileSync(join(place, "Containerfile"), "utf8");
  const sources = [...description.matchAll(/^COPY (?:--\S+ )*(.+) \S+$/gm)].flatMap(([, words]) => words!.split(" "));
  expect(sources.length).toBeGreaterThan(3);
  for (const source of sources) {
    for (const processor of ["amd64", "arm64"]) {
      expect(existsSync(join(place, source.replace("${TARGETARCH}", processor)))).toBe(true);
    }
  }
  expect(description).toContain("\nUSER nonroot:nonroot\n");
  expect(description).toMatch(/^CMD \["serve", /m);
});
