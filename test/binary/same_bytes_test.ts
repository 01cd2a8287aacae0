/** The same sources give the same bytes: what is downloaded can be held against what anybody builds (D1). */
import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Of } from "../../scripts/release/checksums.ts";

const ROOT = join(import.meta.dir, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "same-bytes-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Copies what a build reads, and builds there. */
async function buildIn(name: string): Promise<string> {
  const copy = join(folder, name);
  for (const part of ["src", "scripts", ".git", "package.json", "tsconfig.json"]) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"), "junction");
  const { success, stderr } = Bun.spawnSync([process.execPath, join(copy, "scripts", "build.ts")], { cwd: folder });
  if (!success) throw new Error(stderr.toString());
  return await sha256Of(join(copy, "dist", process.platform === "win32" ? "mcp-bridge.exe" : "mcp-bridge"));
}

test("two builds of one commit in different folders are the same file", async () => {
  expect(await buildIn("one")).toBe(await buildIn("a folder with another name"));
});
