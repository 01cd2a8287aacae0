/**
 * The scenarios for servers of the conformance suite, played against a server directly and through the executable. What
 * fails on both ways is the server's own fault; what fails on the second alone is the executable's. See `README.md`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { DualEraServer, type Era } from "./dual_era_server.ts";
import {
  listServerRequirements,
  listServerScenarios,
  playServerRequirements,
  playServerScenario,
  type Verdict,
} from "./suite.ts";
import { TokenAdder } from "./token_adder.ts";

/** What a revision requires of a server, and what the suite plays besides. */
interface Revision {
  readonly revision: string;
  readonly required: readonly string[];
  readonly others: readonly string[];
}

/** What each revision requires for content. */
const CONTENT = [
  "completion-complete",
  "tools-list",
  "tools-call-simple-text",
  "tools-call-image",
  "tools-call-audio",
  "tools-call-embedded-resource",
  "tools-call-mixed-content",
  "tools-call-error",
  "tools-call-with-progress",
  "server-sse-multiple-streams",
  "resources-list",
  "resources-read-text",
  "resources-read-binary",
  "resources-templates-read",
  "prompts-list",
  "prompts-get-simple",
  "prompts-get-with-args",
  "prompts-get-embedded-resource",
  "prompts-get-with-image",
  "dns-rebinding-protection",
];

const REVISIONS: readonly Revision[] = [
  {
    revision: "2025-11-25",
    required: [
      ...CONTENT,
      "server-initialize",
      "logging-set-level",
      "ping",
      "tools-call-with-logging",
      "tools-call-sampling",
      "tools-call-elicitation",
      "elicitation-sep1034-defaults",
      "elicitation-sep1330-enums",
      "resources-subscribe",
      "resources-unsubscribe",
    ],
    others: ["server-session-lifecycle", "json-schema-2020-12", "server-sse-polling"],
  },
  {
    revision: "2026-07-28",
    required: [
      ...CONTENT,
      "server-stateless",
      "sep-2164-resource-not-found",
      "caching",
      "input-required-result-basic-elicitation",
      "input-required-result-basic-sampling",
      "input-required-result-basic-list-roots",
      "input-required-result-request-state",
      "input-required-result-multiple-input-requests",
      "input-required-result-multi-round",
      "input-required-result-missing-input-response",
      "input-required-result-non-tool-request",
      "input-required-result-result-type",
      "input-required-result-unsupported-methods",
      "input-required-result-tampered-state",
      "input-required-result-capability-check",
      "input-required-result-ignore-extra-params",
      "input-required-result-validate-input",
    ],
    others: ["json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation"],
  },
];

/** What no revision requires, so that each is played by itself. */
const SKILLS = ["sep-2640-skills-directory", "sep-2640-skills-enumeration", "sep-2640-skills-manifest"];

/** What is not played, and why. */
const NOT_PLAYED: readonly { reason: string; scenarios: readonly string[] }[] = [
  {
    reason: "needs the tasks extension, which the SDK has none of for servers",
    scenarios: [
      "tasks-lifecycle",
      "tasks-capability-negotiation",
      "tasks-wire-fields",
      "tasks-request-state-removal",
      "tasks-mrtr-input",
      "tasks-request-headers",
      "tasks-dispatch-and-envelope",
      "tasks-status-notifications",
      "tasks-required-task-error",
      "tasks-mrtr-composition",
    ],
  },
];

/** What cannot be played through the executable, and why. */
const NOT_THROUGH: readonly { reason: string; scenarios: readonly string[] }[] = [
  {
    reason: "wants headers refused that repeat arguments and do not: they are written anew from the body on the way",
    scenarios: ["http-custom-header-server-validation"],
  },
  {
    reason: "wants an event stream that is broken off: who stands between has the answer before it would open one",
    scenarios: ["server-sse-polling"],
  },
];

/** What waits for the executable. */
const TO_BE_DONE_THROUGH: Readonly<Record<string, readonly string[]>> = {
  "2025-11-25": [],
  "2026-07-28": [],
};

const notPlayed = NOT_PLAYED.flatMap(({ scenarios }) => scenarios);
const notThrough = NOT_THROUGH.flatMap(({ scenarios }) => scenarios);

test.each(REVISIONS)("all that $revision requires of a server is played", async ({ revision, required, others }) => {
  const listed = await listServerRequirements(revision);
  expect(required.toSorted()).toEqual(listed.required.toSorted());
  expect(others.toSorted()).toEqual(listed.others.filter((name) => !notPlayed.includes(name)).sort());
});

test("each scenario that the suite has for servers is played, or is named with a reason", async () => {
  const named = [...REVISIONS.flatMap(({ required, others }) => [...required, ...others]), ...SKILLS, ...notPlayed];
  const listed = await listServerScenarios();
  expect([...new Set(named)].sort()).toEqual(listed.map(({ name }) => name).sort());
});

function accept(verdict: Verdict | undefined): void {
  if (verdict?.passed !== true) throw new Error(verdict?.report ?? "The suite did not play it");
}

describe("to the server itself", () => {
  let server: DualEraServer;
  beforeAll(() => void (server = new DualEraServer()));
  afterAll(() => server[Symbol.asyncDispose]());

  describe.each(REVISIONS)("$revision", ({ revision, required, others }) => {
    let verdicts: ReadonlyMap<string, Verdict>;
    beforeAll(async () => void (verdicts = await playServerRequirements(revision, server.url)));
    test.each([...required, ...others])("%s", (name) => accept(verdicts.get(name)));
  });

  test.each(SKILLS)("%s", async (name) => accept(await playServerScenario(name, server.url)));
});

/** What is played through the executable, by the eras that the server behind it speaks. */
const THROUGH: readonly { name: string; era: Era; revisions: readonly Revision[]; skills: readonly string[] }[] = [
  { name: "through the executable", era: "dual", revisions: REVISIONS, skills: SKILLS },
  {
    name: "through the executable, at a server of 2026-07-28 alone",
    era: "modern",
    // What is required of later revisions, skills included, is asked in the server's own era.
    revisions: REVISIONS.filter(({ revision }) => revision === "2025-11-25"),
    skills: [],
  },
];

describe.each(THROUGH)("$name", ({ era, revisions, skills }) => {
  let server: DualEraServer;
  let serve: ServeExecutable;
  let adder: TokenAdder;
  let url: string;
  beforeAll(async () => {
    server = new DualEraServer({ era });
    serve = await ServeExecutable.start({ reference: { url: server.url } });
    adder = new TokenAdder(new URL(serve.url), serve.token);
    await adder.ready;
    url = `${adder.url}/mcp/reference`;
  });
  afterAll(async () => {
    for (const part of [adder, serve, server]) await part[Symbol.asyncDispose]();
  });

  describe.each(revisions)("$revision", ({ revision, required, others }) => {
    const toBeDone = TO_BE_DONE_THROUGH[revision]!;
    let verdicts: ReadonlyMap<string, Verdict>;
    beforeAll(async () => void (verdicts = await playServerRequirements(revision, url)));
    for (const name of [...required, ...others].filter((name) => !notThrough.includes(name))) {
      const declare = toBeDone.includes(name) ? test.todo : test;
      declare(name, () => accept(verdicts.get(name)));
    }
  });

  test.each(skills)("%s", async (name) => accept(await playServerScenario(name, url)));
});
