/**
 * What a run of the tests says about the catalogue of faults (`test/faults/catalogue.ts`): which tests show each entry,
 * how many ran and what came of it, as the table `.github/FAULTS.md`. `bun run faults` runs the tests and writes it.
 */
import { join } from "node:path";
import { CATALOGUE, PARTS } from "../test/faults/catalogue.ts";
import type { Entry } from "../test/faults/catalogue/entry.ts";
import { MUTATIONS } from "../test/faults/mutations.ts";

/** Where the table stands. */
export const TABLE: string = join(import.meta.dir, "..", ".github", "FAULTS.md");

/** One test of a run. */
export interface Case {
  /** `file > describe > test`, the file as below `test/`. */
  readonly name: string;
  outcome: "passed" | "failed" | "skipped";
  /** How often it compared something. */
  readonly checks: number;
}

/** An entry and what a run says of it. */
export interface Row {
  readonly entry: Entry;
  readonly ran: number;
  readonly failed: number;
  readonly checks: number;
  /** What of `shown` begins no test any more; the entry's own id where none of its tests ran. */
  readonly lost: readonly string[];
}

const TAG = /<(\/?)(testsuite|testcase|skipped|failure|error)\b([^>]*?)\/?>/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Reads the report that `bun test` writes in the form of JUnit. */
export function readReport(xml: string): Case[] {
  const cases: Case[] = [];
  const path: string[] = [];
  for (const [_tag, end, kind, attributes] of xml.matchAll(TAG)) {
    if (kind === "testsuite") {
      if (end) path.pop();
      else path.push(path.length === 0 ? named(attributes!).replace(/^test[/\\]/, "") : named(attributes!));
    } else if (kind === "testcase" && !end) {
      const checks = Number(/\bassertions="(\d+)"/.exec(attributes!)?.[1] ?? 0);
      cases.push({ name: [...path, named(attributes!)].join(" > "), outcome: "passed", checks });
    } else if (!end && cases.length > 0) {
      cases.at(-1)!.outcome = kind === "skipped" ? "skipped" : "failed";
    }
  }
  return cases;
}

function named(attributes: string): string {
  const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? "";
  return name.replaceAll(/&(?:#(\d+)|(\w+));/g, (_entity, code, word) => {
    return code === undefined ? ENTITIES[word] ?? "" : String.fromCodePoint(Number(code));
  });
}

/** Whether a test is tied to an entry: by its file's name, by a word in its own, or because the catalogue names it. */
export function shows({ name }: Case, { id, shown = [] }: Entry): boolean {
  const tags = [...name.matchAll(/\(([A-DL]\d+(?:, [A-DL]\d+)*)\)/g)].flatMap(([, ids]) => ids!.split(", "));
  return tags.includes(id) || name.startsWith(`faults/${id.toLowerCase()}_`) ||
    shown.some((beginning) => name.startsWith(beginning));
}

/** What a run says of each entry of the catalogue. */
export function judge(cases: readonly Case[], catalogue: readonly Entry[] = CATALOGUE): Row[] {
  return catalogue.map((entry) => {
    const its = cases.filter((one) => shows(one, entry));
    const ran = its.filter(({ outcome }) => outcome !== "skipped");
    const lost = (entry.shown ?? []).filter((beginning) => !its.some(({ name }) => name.startsWith(beginning)));
    return {
      entry,
      ran: ran.length,
      failed: ran.filter(({ outcome }) => outcome === "failed").length,
      checks: ran.reduce((sum, { checks }) => sum + checks, 0),
      lost: ran.length > 0 || entry.notShown !== undefined ? lost : [...lost, entry.id],
    };
  });
}

/** One line on the whole: how many entries are shown, by how much. */
export function summary(rows: readonly Row[]): string {
  const shown = rows.filter(({ ran, failed, lost }) => ran > 0 && failed === 0 && lost.length === 0);
  const wanted = rows.filter(({ entry }) => entry.notShown === undefined);
  return `${shown.length} of ${wanted.length} entries of the catalogue of faults shown`;
}

/** The table as text. */
export function tableText(rows: readonly Row[], cases: readonly Case[]): string {
  const tied = cases.filter((one) => one.outcome !== "skipped" && CATALOGUE.some((entry) => shows(one, entry)));
  const checks = tied.reduce((sum, one) => sum + one.checks, 0);
  const lines = [
    "# Faults and attacks",
    "",
    "What we promise where something goes wrong, and what a run of the tests on Linux says of it: `bun run faults` writes this file.",
    "A test may show more than one entry; which they are stands in [`test/faults/catalogue/`](../test/faults/catalogue/remote.ts).",
    "Many tests try a table or made-up inputs, so the comparisons made are counted beside them.",
    `That they can fail is seen by \`bun run mutations\`, which takes away what the promises rest on, ${MUTATIONS.length} places in turn.`,
    "",
    `${summary(rows)}, by ${tied.length} tests with ${checks.toLocaleString("en")} comparisons.`,
  ];
  for (const [letter, { title }] of Object.entries(PARTS)) {
    lines.push("", `## ${letter}. ${title}`, "", "| id | fault | promise | tests | comparisons | result |");
    lines.push("|---|---|---|--:|--:|---|");
    lines.push(...rows.filter(({ entry }) => entry.id.startsWith(letter)).map(lineOf));
  }
  return `${lines.join("\n")}\n`;
}

function lineOf({ entry, ran, failed, checks, lost }: Row): string {
  const result = entry.notShown ?? (failed > 0 ? `${failed} failed` : lost.length > 0 ? "tests missing" : "holds");
  const counts = entry.notShown === undefined ? [String(ran), checks.toLocaleString("en")] : ["", ""];
  return `| ${[entry.id, entry.fault, entry.promise, ...counts, result].join(" | ")} |`;
}

// Of runs that were made in parts: bun scripts/faults.ts REPORT ...
if (import.meta.main) {
  const reports = await Promise.all(process.argv.slice(2).map((file) => Bun.file(file).text()));
  const cases = reports.flatMap(readReport);
  const rows = judge(cases);
  await Bun.write(TABLE, tableText(rows, cases));
  console.log(summary(rows));
  for (const what of rows.flatMap(({ lost }) => lost)) console.log(`no test that ran shows ${what} any more`);
}
