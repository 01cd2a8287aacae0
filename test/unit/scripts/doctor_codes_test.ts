import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { CODES_FILE, codesText } from "../../../scripts/doctor_codes.ts";

test("the page of doctor's codes is the one that the checks make; bun scripts/doctor_codes.ts writes it", () => {
  expect(readFileSync(CODES_FILE, "utf8")).toBe(codesText());
});
