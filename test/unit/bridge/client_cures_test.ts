import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CURES, curesFor } from "../../../src/bridge/client_cures.ts";

const PAGE = readFileSync(join(import.meta.dir, "../../../.github/CLIENTS.md"), "utf8");

test("a client that is not known gets no cure, and nor does one that gives no name", () => {
  expect([...curesFor(new Set(["auto"]), "some-client")]).toEqual([]);
  expect([...curesFor(new Set(["auto"]), undefined)]).toEqual([]);
});

test("a client that is known gets what it needs, by its exact name, unless nobody asks for it", () => {
  expect([...curesFor(new Set(["auto"]), "claude-ai")]).toEqual(["merge-lists"]);
  expect([...curesFor(new Set(["auto"]), "Claude-AI")]).toEqual([]);
  expect([...curesFor(new Set(), "claude-ai")]).toEqual([]);
});

test("cures that are named come to every client, beside what is known", () => {
  expect([...curesFor(new Set(["line-separators"]), "claude-ai")]).toEqual(["line-separators"]);
  expect([...curesFor(new Set(["auto", "line-separators"]), "claude-ai")]).toEqual(["merge-lists", "line-separators"]);
  expect([...curesFor(new Set(CURES), undefined)]).toEqual([...CURES]);
});

test("each cure, and each client that gets one by itself, is on the page with an address to look at", () => {
  for (const cure of CURES) expect(PAGE).toContain(`\`${cure}\``);
  const rows = [...PAGE.matchAll(/^\| [^|]+ \| `([^`]+)` \| (.+) \| (.+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(5);
  for (const [row, client, cures] of rows) {
    expect([...curesFor(new Set(["auto"]), client)].map((cure) => `\`${cure}\``).join(", ")).toBe(cures!);
    expect(row).toContain("https://github.com/");
  }
});
