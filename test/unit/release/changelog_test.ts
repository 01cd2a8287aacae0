import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultsOfChangelog, releaseNotes } from "../../../scripts/release/changelog.ts";
import { readProduct, ROOT } from "../../../scripts/release/product.ts";

const PRODUCT = { ...readProduct(), version: "1.2.3", homepage: "https://example.com/r" };
const root = mkdtempSync(join(tmpdir(), "changelog-test-"));
mkdirSync(join(root, ".github"));
afterAll(() => rmSync(root, { recursive: true }));

/** The faults of a changelog with this text. */
function faultsOf(text: string): string[] {
  writeFileSync(join(root, ".github", "CHANGELOG.md"), `# Changelog\n\n${text}`);
  return faultsOfChangelog(root, PRODUCT);
}

test("a changelog that tells of the version, with its day, has no fault", () => {
  expect(faultsOf("## 1.2.3, 2026-11-24\n\n* New.\n\n## 1.2.2, 2026-11-01\n\n* Old.\n")).toEqual([]);
});

test("a version that the changelog does not have, or has no day for, or nothing to say of, is a fault", () => {
  expect(faultsOf("## 1.2.30, 2026-11-24\n\n* New.\n")).toEqual([
    '.github/CHANGELOG.md has no part "## 1.2.3, YYYY-MM-DD"',
  ]);
  expect(faultsOf("## 1.2.3, unreleased\n\n* New.\n")).toEqual([
    ".github/CHANGELOG.md has no day beside 1.2.3, but 'unreleased'",
  ]);
  expect(faultsOf("## 1.2.3\n\n* New.\n")).toEqual([".github/CHANGELOG.md has no day beside 1.2.3, but ''"]);
  expect(faultsOf("## 1.2.3, 2026-11-24\n\n## 1.2.2, 2026-11-01\n\n* Old.\n")).toEqual([
    ".github/CHANGELOG.md says nothing of 1.2.3",
  ]);
});

test("the notes of a release are that part alone, a line for each point, and its links lead to that version", () => {
  const text = "* New, and\n  [more](DOCTOR.md).\n* See <https://a.example>, [b](https://b.example).\n";
  faultsOf(`## 1.2.3, 2026-11-24\n\n${text}\n## 1.2.2, 2026-11-01\n\n* Old.\n`);
  expect(releaseNotes(root, PRODUCT)).toBe(
    "* New, and [more](https://example.com/r/blob/v1.2.3/.github/DOCTOR.md).\n" +
      "* See <https://a.example>, [b](https://b.example).\n",
  );
});

test("our own changelog begins with the version of package.json", () => {
  expect(faultsOfChangelog(ROOT, readProduct()).filter((fault) => !fault.endsWith("'unreleased'"))).toEqual([]);
});
