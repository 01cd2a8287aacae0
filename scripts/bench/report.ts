/** A finished run and the two forms in which people read it. */
import { type Name, NAMES } from "./contestants.ts";
import { type Machine, machineLine } from "./machine.ts";
import { type Cell, judge, ratioTo, type Row, type Target, type Verdict } from "./row.ts";

/** What `dist/bench.json` holds. */
export interface Report {
  readonly machine: Machine;
  readonly mode: "quick" | "full";
  readonly seconds: number;
  readonly versions: Partial<Record<Name, string>>;
  readonly rows: readonly (Row & { readonly verdict: Verdict })[];
}

const PUBLISHED = NAMES.filter((name) => name !== "earlier");
const RATIOS = { "byte pipe": "to pipe", "mcp-remote": "to remote", "earlier": "to earlier" };
const MARKS: Record<Verdict, string> = { met: "ok", missed: "missed", open: "" };

/** The plain-text table, with what failed below it. */
export function asText(report: Report): string {
  const names = NAMES.filter((name) => name !== "earlier" || report.versions[name] !== undefined);
  const others = names.filter((name) => name !== "mcp-bridge");
  const header = ["", ...names, ...others.map((name) => RATIOS[name]), "limit", ""];
  const body = report.rows.map((row) => [
    row.title,
    ...names.map((name) => cellText(row.cells[name])),
    ...others.map((name) => ratioText(row, name)),
    row.targets.filter(({ of }) => of === undefined).map(boundText).join(", "),
    MARKS[row.verdict],
  ]);
  return [machineLine(report.machine), "", ...align([header, ...body]), ...failures(report)].join("\n");
}

/** What the README says of a run: the table, in which nobody is compared with himself, and how it came about. */
export function asMarkdown(report: Report): string {
  const lines = report.rows.map((row) => {
    const cells = PUBLISHED.map((name) => cellText(row.cells[name]));
    const targets = row.targets.map((target) => targetText(row, target)).join(", ");
    return `| ${[row.title, ...cells, row.verdict === "missed" ? `${targets}: **missed**` : targets].join(" | ")} |`;
  });
  const remote = `mcp-remote ${report.versions["mcp-remote"] ?? ""}`.trim();
  return [
    `| | mcp-bridge | byte pipe | ${remote} | target |`,
    "|---|--:|--:|--:|---|",
    ...lines,
    "",
    `One run of \`bun run bench\`: ${machineLine(report.machine)}. ${outcome(report)}`,
  ].join("\n");
}

const [BEGIN, END] = ["<!-- bun run bench --readme -->\n", "\n<!-- /bench -->"] as const;

/** The README with another run's table in the place of the last one's. Throws for a quick run, or without a place. */
export function inReadme(readme: string, report: Report): string {
  if (report.mode === "quick") throw new Error('the last whole run was a quick one: run "bun run bench" first');
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the README has no place for the table: ${BEGIN.trim()}`);
  return readme.slice(0, begin + BEGIN.length) + asMarkdown(report) + readme.slice(end);
}

function outcome({ rows }: Report): string {
  const missed = rows.filter(({ verdict }) => verdict === "missed").map(({ title }) => title);
  if (missed.length === 0) return "All targets are met.";
  return `Missed: ${missed.join("; ")}.`;
}

/** Judges the rows of a run; `tookPart` tells whether mcp-bridge was among the contestants. */
export function judged(rows: readonly Row[], tookPart: boolean): Report["rows"] {
  return rows.map((row) => ({ ...row, verdict: judge(row, tookPart) }));
}

function failures(report: Report): string[] {
  return report.rows.flatMap(({ title, cells }) => {
    const failed = cells["mcp-bridge"]?.failed ?? [];
    return failed.length === 0 ? [] : ["", `mcp-bridge, ${title}, without:`, ...failed.map((name) => `  ${name}`)];
  });
}

/** Words stand left, in the first and the last column; numbers stand right. */
function align(rows: string[][]): string[] {
  const last = rows[0]!.length - 1;
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      return column === 0 || column === last ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
    });
    return cells.join("  ").trimEnd();
  });
}

function cellText(cell: Cell | undefined): string {
  return cell === undefined ? "-" : cell.text ?? numberText(cell.value);
}

/** A ratio of mcp-bridge's value with its bound, where one is set. */
function ratioText(row: Row, name: NonNullable<Target["of"]>): string {
  const target = row.targets.find(({ of }) => of === name);
  if (target === undefined) return "";
  const ratio = ratioTo(row, name);
  return `${ratio === undefined ? "" : `${ratio.toPrecision(3)} `}${boundText(target)}`;
}

/** Three digits are what these measurements carry. */
function numberText(value: number): string {
  if (Number.isInteger(value) && value < 1000) return String(value);
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}

function boundText({ bound, value, text }: Target): string {
  return text ?? `${bound === "at most" ? "<=" : ">="} ${value}`;
}

/** A bound, with the ratio that was reached where it is one. */
function targetText(row: Row, { bound, value, of, text }: Target): string {
  if (of === undefined) return text ?? `${bound} ${value}`;
  const ratio = ratioTo(row, of);
  const reached = ratio === undefined ? "" : ` (${ratio.toPrecision(3)})`;
  return `${bound} ${value} times ${of === "byte pipe" ? "the pipe" : of}${reached}`;
}
