/** The packages of npm with the real executable, packed, installed into an empty folder and run by npx. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { packageName, writeNpmPackages } from "../../scripts/release/npm_packages.ts";
import { readProduct } from "../../scripts/release/product.ts";
import { TARGETS } from "../../scripts/release/targets.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";

const folder = mkdtempSync(join(tmpdir(), "npx-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const product = readProduct();
const own = TARGETS.find((target) =>
  target.hasPackage && target.os === process.platform && target.cpu === process.arch && target.libc !== "musl"
);

function npm(cwd: string, ...words: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync(["npm", ...words], { cwd });
  if (!success) throw new Error(stderr.toString());
  return stdout.toString();
}

test.skipIf(process.env.TEST_COUNTS !== "full" || own === undefined)(
  "npx mcp-bridge <url> connects, from the tarballs alone",
  async () => {
    writeNpmPackages(join(folder, "npm"), product, () => EXECUTABLE, "licences");
    const tarballs = [packageName(own!), "mcp-bridge"].map((name) => {
      const [{ filename }] = JSON.parse(npm(join(folder, "npm", name), "pack", "--json", "--pack-destination", folder));
      return join(folder, filename);
    });
    const place = join(folder, "empty");
    mkdirSync(place);
    writeFileSync(join(place, "package.json"), "{}");
    npm(place, "install", "--offline", "--omit=optional", "--ignore-scripts", ...tarballs);
    using server = new FakeMcp();
    // Node and npm come before us, and take their time on a machine that is busy.
    const patienceMs = 120_000;
    const npx = { cwd: place, executable: "mcp-bridge", before: ["npx", "--offline"], patienceMs };
    await using bridge = new Executable(npx, server.url);
    expect((await bridge.initialize())["result"].protocolVersion).toBe("2025-11-25");
    bridge.endInput();
    expect(await bridge.exit(patienceMs)).toBe(0);
    const { stdout } = Bun.spawnSync(["npx", "--offline", "mcp-bridge", "--version"], { cwd: place });
    expect(stdout.toString()).toBe(`${product.version}\n`);
  },
  600_000,
);
