/** What `bun run mutations` takes away is there to be taken, and belongs to the catalogue of faults. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CATALOGUE } from "../../faults/catalogue.ts";
import { MUTATIONS } from "../../faults/mutations.ts";
import { mutated } from "../../faults/mutations/mutation.ts";
import { runs } from "../../harness/counts.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

describe("a mutation", () => {
  // What is mended moves code about; the proof wants all of it found, and `bun run mutations` does.
  test.each(MUTATIONS.slice(0, runs(0, MUTATIONS.length)).map((one) => [`${one.id}, ${one.what}`, one] as const))(
    "%s",
    (_name, one) => {
      const text = readFileSync(join(ROOT, one.file), "utf8");
      expect(mutated(text, one)).not.toBe(text);
      expect(existsSync(join(ROOT, one.test))).toBe(true);
    },
  );

  test("whose code is gone, or there twice, says so", () => {
    const [one] = MUTATIONS;
    expect(() => mutated("", one!)).toThrow("A1: the code stands 0 times in src/platform/browser.ts");
    expect(() => mutated(one!.code.repeat(2), one!)).toThrow("2 times");
  });
});

test("every entry of the catalogue that tests show has one", () => {
  const shown = CATALOGUE.filter(({ notShown }) => notShown === undefined).map(({ id }) => id);
  expect([...new Set(MUTATIONS.map(({ id }) => id))].sort()).toEqual(shown.sort());
});
