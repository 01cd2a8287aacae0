import { describe, expect, test } from "bun:test";
import { changesBetween, countOf } from "../../../src/app/served_changes.ts";

function served(servers: Record<string, string>): Map<string, { fingerprint: string }> {
  return new Map(Object.entries(servers).map(([slug, fingerprint]) => [slug, { fingerprint }]));
}

describe("what another list of servers changes", () => {
  test("is said by name: what is new, what is another one, what is gone", () => {
    expect(changesBetween(served({ a: "1", b: "1", c: "1" }), served({ a: "1", b: "2", d: "1" })))
      .toBe('new: "d"; set up anew: "b"; gone: "c"');
  });

  test("is nothing where all stays as it was, in whatever order", () => {
    expect(changesBetween(served({ a: "1", b: "1" }), served({ b: "1", a: "1" }))).toBe("");
  });

  test("is no page of names", () => {
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, place) => [`s${place}`, ""]));
    expect(changesBetween(served({}), served(many))).toBe('new: "s0", "s1", "s2", "s3", "s4" and 3 more');
  });
});

test.each([[{}, "0 servers"], [{ a: "" }, "1 server"], [{ a: "", b: "" }, "2 servers"]])(
  "the servers of %j are counted as %s",
  (servers, text) => {
    expect(countOf(served(servers))).toBe(text);
  },
);
