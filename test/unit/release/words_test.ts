/** What the scripts of a release say to words that make no sense: one line, and nothing is built or written. */
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../../scripts/release/product.ts";

test.each([
  ["release.ts", [], 'release: no tag is named: say "--tag v" and the version'],
  ["release.ts", ["--sources"], 'release: no tag is named: say "--tag v" and the version'],
  ["release/build_targets.ts", ["linux-x86"], "build: 'linux-x86' is no target; there are linux-x64, "],
  ["release/build_targets.ts", ["--effort", "5"], "build: '5' is no effort; there are 0, 1, 6, 9"],
  ["release/build_targets.ts", ["--pack-only"], "build: nothing was built in "],
  [
    "release/build_targets.ts",
    ["--client-metadata-url", "x y"],
    "build: the address of the client's document is none: 'x y'",
  ],
  ["build.ts", ["--client-metadata-url", "x y"], "build: the address of the client's document is none: 'x y'"],
])("%s %j is told what is wrong", (script, words, line) => {
  const outdir = mkdtempSync(join(tmpdir(), "words-test-"));
  const place = script === "build.ts" ? ["--outfile", join(outdir, "mcp-bridge")] : ["--outdir", outdir];
  const command = [process.execPath, join(ROOT, "scripts", script), ...place, ...words];
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  const written = readdirSync(outdir);
  rmSync(outdir, { recursive: true });
  expect(stderr.toString()).toStartWith(line);
  expect(stderr.toString().trimEnd().split("\n")).toHaveLength(1);
  expect([stdout.toString(), exitCode, written]).toEqual(["", 1, []]);
}, 30_000);
