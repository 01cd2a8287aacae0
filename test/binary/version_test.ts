/** Which build the executable is, by its own word. */
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { compile } from "../../scripts/build.ts";
import { outcomeOf } from "../harness/executable.ts";

const ROOT = join(import.meta.dir, "..", "..");

test("--version --json says what it was built of, in either order and as a command", async () => {
  const [first, ...others] = await Promise.all(
    [["--version", "--json"], ["--json", "--version"], ["version", "--json"]].map((words) => outcomeOf({}, ...words)),
  );
  const details = JSON.parse(first!.stdout);
  expect(details).toEqual({
    version,
    commit: expect.stringMatching(/^[0-9a-f]{40}\+?$/),
    date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    target: `bun-${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`,
    bun: Bun.version,
    platform: process.platform,
    arch: process.arch,
  });
  for (const other of others) expect(other).toEqual(first!);
  expect((await outcomeOf({}, "version")).stdout.trim()).toBe(version);
});

test("two builds of the same sources are the same, byte for byte", () => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-build-"));
  try {
    const [one, other] = ["one", "other"].map((name) => {
      // The file's own name stands in it.
      const file = join(folder, name, "mcp-bridge");
      mkdirSync(join(folder, name));
      compile(join(ROOT, "src", "main.ts"), file);
      return Bun.SHA256.hash(readFileSync(file), "hex");
    });
    expect(one).toBe(other!);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
