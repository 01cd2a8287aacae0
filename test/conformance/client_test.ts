/** The scenarios for clients of the conformance suite, one test for each revision and scenario. See `README.md`. */
import { expect, test } from "bun:test";
import { SIGN_IN_SCENARIOS } from "./sign_in_scenarios.ts";
import { listClientScenarios, type Play, playClientScenario, type Scenario } from "./suite.ts";

const MODERN = "2026-07-28";

/** What is played. The suite counts `tools_call` from 2025-06-18 on, but its server speaks 2025-03-26 as well. */
const PLAYED: readonly Scenario[] = [
  { name: "initialize", revisions: ["2025-06-18", "2025-11-25"] },
  { name: "tools_call", revisions: ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] },
  { name: "elicitation-sep1034-client-defaults", revisions: ["2025-11-25"] },
  { name: "sse-retry", revisions: ["2025-11-25"] },
  { name: "json-schema-2020-12-preservation", revisions: ["2025-11-25", "2026-07-28"] },
  { name: "request-metadata", revisions: ["2026-07-28"] },
  { name: "sep-2322-client-request-state", revisions: ["2026-07-28"] },
  { name: "http-standard-headers", revisions: ["2026-07-28"] },
  { name: "http-custom-headers", revisions: ["2026-07-28"] },
  { name: "http-invalid-tool-headers", revisions: ["2026-07-28"] },
  { name: "json-schema-ref-no-deref", revisions: ["2026-07-28"] },
  // The suite plays what belongs to an extension in this revision.
  { name: "sep-2640-client-no-prefetch", revisions: ["2025-11-25"] },
  { name: "sep-2640-client-verify-digest", revisions: ["2025-11-25"] },
  { name: "sep-2640-client-verify-size", revisions: ["2025-11-25"] },
  { name: "sep-2640-client-verify-frontmatter", revisions: ["2025-11-25"] },
];

test("each scenario that the suite has for clients is played in all its revisions", async () => {
  const listed = await listClientScenarios();
  const rows = [...PLAYED, ...SIGN_IN_SCENARIOS];
  expect(rows.map(({ name }) => name).sort()).toEqual(listed.map(({ name }) => name).sort());
  for (const { name, revisions } of rows) {
    const wanted = listed.find((scenario) => scenario.name === name)!.revisions;
    if (wanted[0] !== "extension") expect(revisions).toEqual(expect.arrayContaining(wanted));
  }
});

/**
 * What a client that begins with a handshake plays with a flag, in the revision without one: the scenario looks at the
 * first message, which otherwise is the client's own handshake, since no server is asked before that.
 */
const FLAGS: Readonly<Record<string, string>> = { "request-metadata": "--protocol modern" };

async function play(revision: string, name: string, how?: Play): Promise<void> {
  const { passed, report } = await playClientScenario(revision, name, how);
  if (!passed) throw new Error(report);
}

for (const { name, revisions } of PLAYED) {
  for (const revision of revisions) test(`${revision} ${name}`, () => play(revision, name));
  if (!revisions.includes(MODERN)) continue;
  const flags = FLAGS[name];
  const title = `${MODERN} ${name}, for a client of 2025-11-25${flags === undefined ? "" : ` with ${flags}`}`;
  test(title, () => play(MODERN, name, { era: "legacy", ...(flags === undefined ? {} : { flags }) }));
}

for (const { name, revisions } of SIGN_IN_SCENARIOS) {
  for (const revision of revisions) test(`${revision} ${name}`, () => play(revision, name));
  if (revisions.includes(MODERN)) {
    test(`${MODERN} ${name}, for a client of 2025-11-25`, () => play(MODERN, name, { era: "legacy" }));
  }
}
