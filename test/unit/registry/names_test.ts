import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import { COMMAND_WORDS, nameFault, nearestNames, slugOf } from "../../../src/registry/names.ts";

test.each([
  ["linear", "linear"],
  ["Linear (work)", "linear-work"],
  ["  a__b  ", "a-b"],
  ["Caf\u00e9", "cafe"],
  ["\uff21\uff22", "ab"],
  ["@org/server.name", "org-server-name"],
  ["a".repeat(50), "a".repeat(40)],
  [`${"a".repeat(39)}-b`, "a".repeat(39)],
  ["\u65e5\u672c", ""],
  ["", ""],
])("the slug of %p is %p", (label, slug) => expect(slugOf(label)).toBe(slug));

test("every slug is of a to z, digits and single dashes, 40 at most, and its own slug", () => {
  assert(property(string({ unit: "binary", maxLength: 80 }), (label) => {
    const slug = slugOf(label);
    expect(slug).toMatch(/^(?:[a-z0-9]+(?:-[a-z0-9]+)*)?$/);
    expect(slug.length).toBeLessThanOrEqual(40);
    expect(slugOf(slug)).toBe(slug);
  }));
});

describe("a name is refused with one that is free", () => {
  test.each([
    ["!", "holds no letter of a to z and no digit", "server"],
    ["4711", "is made of digits only, like a port", "server-4711"],
    ["Serve", "is the word of a command", "serve-server"],
    ["linear", "is there already", "linear-3"],
    ["LINEAR", 'is called "linear", as "linear" is', "linear-3"],
  ])("%p", (label, text, proposal) => {
    const taken = new Map([["linear", "linear"], ["linear-2", "linear 2"]]);
    expect(nameFault(label, taken)).toEqual({ text, proposal });
    expect(nameFault(proposal, taken)).toBeUndefined();
  });

  test("that is no longer than a name may be", () => {
    const long = "a".repeat(40);
    expect(nameFault(long, new Map([[long, long]]))!.proposal).toBe(`${"a".repeat(38)}-2`);
  });

  test("whatever command there is", () => {
    for (const word of COMMAND_WORDS) expect(nameFault(word, new Map())?.proposal).toBe(`${word}-server`);
  });
});

test("of a short name that has little in common with a word nothing is proposed", async () => {
  expect(await nearestNames("nope", ["codex", "zed"])).toEqual([]);
  expect(await nearestNames("codx", ["codex", "zed"])).toEqual(["codex"]);
});

test.each([
  ["linaer", ["linear"]],
  ["git", ["github", "gitlab"]],
  ["Git Hub", ["github", "gitlab"]],
  ["nothing-like-it", []],
])("of the names near %p are proposed %j", async (word, near) => {
  expect(await nearestNames(word, ["linear", "github", "gitlab", "x"])).toEqual(near);
});
