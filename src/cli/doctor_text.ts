import type { Finding } from "../app/doctor/check.ts";
import type { Outcome } from "../app/doctor/examine.ts";
import type { Report, ServerReport, Summary } from "../app/doctor/report.ts";
import type { Colours } from "./colour.ts";
import { safeLine } from "./safe_text.ts";

/** What a report is written on. */
export interface Paper {
  readonly colours: Colours;
  /** Its width in columns; nothing where it has none. */
  readonly width: number | undefined;
}

/** One line of the report, and what belongs to it. */
type Row = Finding & {
  readonly title: string;
  readonly ms: number;
  /** The check that says so. */
  readonly code?: string;
  readonly fixed?: string;
};

const MARKS = { ok: "ok", warn: "warn", fail: "FAIL", skip: "-" } as const;
const MARK_WIDTH = 6;
const MARGIN = " ".repeat(MARK_WIDTH);
const TIME_WIDTH = 8;
/** Narrower texts are not worth a break. */
const NARROWEST = 30;

/** What `doctor` has found, as text. */
export function reportText(report: Report, paper: Paper): string {
  const { checks, servers, target, summary } = report;
  const machine = checks.filter(({ part }) => part === "machine");
  const server = checks.filter(({ part }) => part === "server");
  const rows = servers.map(rowOf);
  const column = Math.max(...[...checks, ...rows].map(({ title }) => title.length)) + 2;
  return [
    ...section("this machine", machine, column, paper),
    ...section(target === undefined ? "" : `the server ${target}`, server, column, paper),
    ...section('the servers of servers.json ("mcp-bridge doctor NAME" tells more)', rows, column, paper),
    sentenceOf(summary, [...checks, ...servers], paper.colours),
    "",
  ].join("\n");
}

function rowOf({ name, text, ...verdict }: ServerReport): Row {
  return { ...verdict, title: name, text };
}

function section(heading: string, rows: readonly (Row | Outcome)[], column: number, paper: Paper): string[] {
  if (rows.length === 0) return [];
  const skipped = Map.groupBy(rows.filter(({ result }) => result === "skip"), ({ text }) => text);
  const alike = [...skipped.values()].filter((some) => some.length > 1 || "blockedBy" in some[0]!);
  const seen = rows.filter((row) => !alike.some((some) => some.includes(row)));
  return [
    paper.colours.bold(heading),
    ...seen.flatMap((row) => linesOf(row, column, paper)),
    ...alike.map((some) => unseen(some, paper)),
    "",
  ];
}

/** What was left out for one reason, as one line. */
function unseen(rows: readonly (Row | Outcome)[], paper: Paper): string {
  const text = `${rows[0]!.text}: ${rows.map(({ title }) => title).join(", ")}`;
  return markOf("skip", paper.colours) + paper.colours.faint(wrapped(text, MARK_WIDTH, paper));
}

function linesOf(row: Row | Outcome, column: number, paper: Paper): string[] {
  const { faint } = paper.colours;
  const { result, title, text, ms, code, fixed, more = [] } = row;
  const time = `${ms} ms`.padStart(TIME_WIDTH);
  const start = MARK_WIDTH + column + TIME_WIDTH + 2;
  const shown = wrapped(text, start, paper);
  return [
    `${markOf(result, paper.colours)}${title.padEnd(column)}${faint(time)}  ${
      result === "skip" ? faint(shown) : shown
    }`,
    ...(fixed === undefined ? [] : [MARGIN + wrapped(`fixed: ${fixed}`, MARK_WIDTH, paper)]),
    ...remedy(row, code, paper),
    ...more.flatMap((one) => [
      markOf(one.result, paper.colours) + wrapped(one.text, MARK_WIDTH, paper),
      ...remedy(one, code, paper),
    ]),
  ];
}

/** What cures a fault, and by what name it is documented. */
function remedy({ cure, fault }: Finding, code: string | undefined, paper: Paper): string[] {
  if (fault === undefined) return [];
  return [
    ...(cure === undefined ? [] : [MARGIN + wrapped(`cure: ${cure}`, MARK_WIDTH, paper)]),
    MARGIN + paper.colours.faint(`code: ${code}/${fault}`),
  ];
}

function markOf(result: Finding["result"], { green, yellow, red, faint }: Colours): string {
  const paint = { ok: green, warn: yellow, fail: red, skip: faint }[result];
  return paint(MARKS[result]) + " ".repeat(MARK_WIDTH - MARKS[result].length);
}

/** A text that goes on below where it began. */
function wrapped(raw: string, start: number, { width }: Paper): string {
  // Texts quote what others wrote; paths of the user's own may hold anything.
  const text = safeLine(raw);
  if (width === undefined || width - start < NARROWEST) return text;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && start + Bun.stringWidth(`${line} ${word}`) > width) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(start)}`);
}

/** A check may have found several faults, which people read one by one. */
function sentenceOf(
  { ok, warn, fail, skip, ms }: Summary,
  rows: readonly Pick<Finding, "result" | "more">[],
  { red, yellow, green }: Colours,
): string {
  const faults = rows.flatMap(({ result, more = [] }) => [result, ...more.map((one) => one.result)]);
  const [broke, odd] = (["fail", "warn"] as const).map((kind) => faults.filter((result) => result === kind).length);
  const broken = broke === 0 ? [] : [red(broke === 1 ? "1 thing is broken" : `${broke} things are broken`)];
  const doubtful = odd === 0 ? [] : [yellow(odd === 1 ? "1 deserves a look" : `${odd} deserve a look`)];
  const verdict = [...broken, ...doubtful].join(", ") || green("all is well");
  return `${verdict}: ${ok + warn + fail} looked at, ${skip} left out, in ${ms} ms`;
}
