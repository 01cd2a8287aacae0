/** What `.github/SECURITY.md` promises is in the catalogue of faults, and the tests that it names are there. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CATALOGUE } from "../../faults/catalogue.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");
const TEXT = readFileSync(join(ROOT, ".github", "SECURITY.md"), "utf8");

/** The rows of the table of promises: what is promised, and by what it is shown. */
function promises(): [promise: string, shownBy: string][] {
  const table = TEXT.split("## What we promise\n")[1]!.split("\n## ")[0]!;
  const rows = table.split("\n").filter((line) => line.startsWith("| **"));
  return rows.map((row) => row.split("|").slice(1, 3).map((cell) => cell.trim()) as [string, string]);
}

/** Ids of the catalogue; `A7 to A11` are five. */
function idsIn(text: string): string[] {
  return [...text.matchAll(/\b([A-D])(\d+)(?: to [A-D](\d+))?\b/g)].flatMap(([, letter, first, last = first]) => {
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, place) => `${letter}${Number(first) + place}`);
  });
}

/** Files below `test/`; one without a folder stands beside the one before it. */
function filesIn(text: string): string[] {
  let folder = "";
  return [...text.matchAll(/`([\w/]+\.ts)`/g)].map(([, path]) => {
    const cut = path!.lastIndexOf("/") + 1;
    if (cut > 0) folder = path!.slice(0, cut);
    return cut > 0 ? path! : `${folder}${path}`;
  });
}

/** Whether a test of the file is tied to an entry, by one of the three ways that `bun run faults` knows. */
function shows(file: string, id: string): boolean {
  const name = file.slice("test/".length);
  const { shown = [] } = CATALOGUE.find((entry) => entry.id === id)!;
  return name.startsWith(`faults/${id.toLowerCase()}_`) || shown.some((beginning) => beginning.startsWith(name)) ||
    new RegExp(String.raw`\([A-D\d, ]*\b${id}\b[A-D\d, ]*\)`).test(readFileSync(join(ROOT, file), "utf8"));
}

describe("a promise", () => {
  test.each(promises())("%s", (_promise, shownBy) => {
    const ids = idsIn(shownBy);
    expect(ids.length).toBeGreaterThan(0);
    for (const id of ids) {
      expect(CATALOGUE.filter((entry) => entry.id === id && entry.notShown === undefined)).toHaveLength(1);
    }
    const files = filesIn(shownBy);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const tests = files.filter((file) => file.endsWith("_test.ts"));
    expect(files.length).toBeGreaterThan(0);
    expect(tests.filter((file) => !ids.some((id) => shows(file, id)))).toEqual([]);
  });

  test("is there in some number", () => expect(promises().length).toBeGreaterThan(10));
});

test("every id that is named is one of the catalogue", () => {
  const known = CATALOGUE.map(({ id }) => id);
  expect(idsIn(TEXT).filter((id) => !known.includes(id))).toEqual([]);
});

test("every command that is named is one of package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = [...TEXT.matchAll(/`bun run (\w+)/g)].map(([, name]) => name!);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
