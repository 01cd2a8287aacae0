import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKS, CODES_FILE, codesText } from "../../../scripts/doctor_codes.ts";

test("the page of doctor's codes is the one that the checks make; bun scripts/doctor_codes.ts writes it", () => {
  expect(readFileSync(CODES_FILE, "utf8")).toBe(codesText());
});

test("the codes that the README names are there", () => {
  const readme = readFileSync(join(CODES_FILE, "..", "..", "README.md"), "utf8");
  const [, section = ""] = /^## What is wrong\?\n(.*?)^## /ms.exec(readme) ?? [];
  const named = [...section.matchAll(/`([a-z-]+\/[a-z_0-9]+)`/g)].map(([, code]) => code!);
  const known = new Set(
    CHECKS.flatMap(({ code, explains }) => Object.keys(explains).map((fault) => `${code}/${fault}`)),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((code) => !known.has(code))).toEqual([]);
});
