import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSums, writeSums } from "../../../scripts/release/checksums.ts";
import { runtimeOf } from "../../../scripts/release/runtime.ts";
import { archiveName, TARGETS, targetsNamed } from "../../../scripts/release/targets.ts";

function inFolder(use: (folder: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const folder = mkdtempSync(join(tmpdir(), "targets-test-"));
    try {
      await use(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
}

test("there are nine targets, each under a name of its own, with archives by that name", () => {
  expect(new Set(TARGETS.map(({ name }) => name)).size).toBe(9);
  const archives = TARGETS.flatMap((target) => target.archives.map((packing) => archiveName("1.2.3", target, packing)));
  expect(new Set(archives).size).toBe(archives.length);
  expect(archives).toContain("mcp-bridge-1.2.3-windows-x64.zip");
});

test("exactly one npm package fits each machine", () => {
  const machines = TARGETS.filter(({ hasPackage }) => hasPackage).map(({ os, cpu, libc }) => `${os} ${cpu} ${libc}`);
  expect(new Set(machines).size).toBe(machines.length);
  expect(new Set(TARGETS.map(({ os, cpu, libc }) => `${os} ${cpu} ${libc}`)).size).toBe(machines.length);
});

test("a word that is no target is refused, with those that there are", () => {
  expect(() => targetsNamed(["linux-x46"])).toThrow(
    "'linux-x46' is no target; there are linux-x64, linux-x64-baseline",
  );
});

test(
  "a runtime that is not the one of the table is not used, and not kept",
  inFolder((folder) => {
    const target = TARGETS.find(({ name }) => name === "linux-arm64-musl")!;
    const file = join(folder, `${target.runtime}-v${Bun.version}`);
    writeFileSync(file, "another program");
    expect(() => runtimeOf(target, folder)).toThrow("the runtime of linux-arm64-musl is not the one that was chosen");
    expect(existsSync(file)).toBe(false);
  }),
);

test(
  "checksums are what sha256sum reads, and what is read back",
  inFolder(async (folder) => {
    writeFileSync(join(folder, "b.zip"), "b");
    writeFileSync(join(folder, "a.tar.xz"), "a");
    await writeSums(folder);
    expect([...readSums(folder).keys()]).toEqual(["a.tar.xz", "b.zip"]);
    if (Bun.which("sha256sum") !== null) {
      const { stdout } = Bun.spawnSync(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: folder });
      expect(stdout.toString()).toBe("a.tar.xz: OK\nb.zip: OK\n");
    }
  }),
);

test(
  "a checksum of a file in another folder is refused",
  inFolder((folder) => {
    writeFileSync(join(folder, "SHA256SUMS"), `${"0".repeat(64)}  ../a\n`);
    expect(() => readSums(folder)).toThrow('SHA256SUMS has a line that is no checksum: "000');
  }),
);
