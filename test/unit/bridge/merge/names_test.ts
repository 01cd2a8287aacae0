import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mergedName, readMergedName } from "../../../../src/bridge/merge/names.ts";
import { runs } from "../../../harness/counts.ts";

const LONG = "x".repeat(80);
const slug = fc.stringMatching(/^[a-z0-9-]{1,40}$/);
/** Names as servers make them up, those among them that look like merged ones, or like what they are shortened to. */
const name = fc.oneof(
  fc.string({ maxLength: 90 }),
  fc.stringMatching(/^[A-Za-z0-9_-]{0,70}$/),
  fc.tuple(slug, fc.string({ maxLength: 60 })).map(([other, own]) => mergedName(other, own)),
  fc.stringMatching(/^[a-z_]{0,40}_[0-9a-f]{16}$/),
);

describe("a merged name", () => {
  test.each([
    ["linear", "create_issue", "linear__create_issue"],
    ["a", "_x", "a___x"],
    ["a-b", "c__d", "a-b__c__d"],
    ["a", "", "a__"],
  ])("of %s and %p is %s", (slug, own, merged) => {
    expect(mergedName(slug, own)).toBe(merged);
    expect(readMergedName(merged)).toEqual({ slug, name: own });
  });

  test.each([
    ["linear", "files/read", "linear__files_read_de0ab9653d9f7712"],
    ["linear", LONG, `linear__${"x".repeat(39)}_`],
    ["linear", "caf\u00e9", "linear__caf__"],
    ["linear", "x_0123456789abcdef", "linear__x_0123456789abcdef_"],
  ])("that would not fit, of %s and %p, ends in a hash that stays the same", (slug, own, begin) => {
    const merged = mergedName(slug, own);
    expect(merged).toStartWith(begin);
    expect(merged).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
    expect(merged).toMatch(/_[0-9a-f]{16}$/);
    expect(readMergedName(merged)).toEqual({ slug, name: undefined });
  });

  test("is one that every host takes, names its server, and belongs to one pair alone (A23)", () => {
    fc.assert(
      fc.property(slug, name, slug, name, (slugA, nameA, slugB, nameB) => {
        const [a, b] = [mergedName(slugA, nameA), mergedName(slugB, nameB)];
        expect(a).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        const parts = readMergedName(a)!;
        expect(parts.slug).toBe(slugA);
        expect([nameA, undefined]).toContain(parts.name);
        expect(a === b).toBe(slugA === slugB && nameA === nameB);
      }),
      { numRuns: runs(2_000, 50_000) },
    );
  });

  test("is not had by a tool that calls itself what another one is shortened to (A23)", () => {
    fc.assert(
      fc.property(slug, name, (server, own) => {
        const merged = mergedName(server, own);
        const imitation = merged.slice(server.length + 2);
        expect(mergedName(server, imitation) === merged).toBe(imitation === own);
      }),
      { numRuns: runs(2_000, 50_000), examples: [["linear", "files/read"]] },
    );
  });

  test("of a server that takes another one's name for its tool says whose it is (A23)", () => {
    const honest = mergedName("github", "create_issue");
    for (const hostile of [honest, `../${honest}`, `\u202e${honest}`, `_${honest}`, `${honest}\n`]) {
      expect(mergedName("evil", hostile)).toStartWith("evil__");
      expect(mergedName("evil", hostile)).not.toBe(honest);
    }
  });

  test("is none without a server in front", () => {
    for (const text of ["create_issue", "__x", "", "_a_b"]) expect(readMergedName(text)).toBeUndefined();
  });
});
