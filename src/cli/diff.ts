import { holdsCredential } from "../net/header_rules.ts";
import { commonEnds } from "../platform/common_ends.ts";

/** How many lines are shown around a change. */
const AROUND = 2;
/** A longer line is shown where it differs, with so much around that; in characters. */
const LONGEST = 400;
const AROUND_IN_LINE = 80;
/** Beyond so many pairs of lines the smallest difference is not looked for. */
const MOST_PAIRS = 4_000_000;

/** A line of a difference: one that goes, one that comes, or one that stays. */
export interface DiffLine {
  readonly sign: "-" | "+" | " ";
  readonly text: string;
}

/** Lines that belong together, and the number of the first in the old text, from 1. */
export interface Hunk {
  readonly line: number;
  readonly lines: readonly DiffLine[];
}

/** How two texts differ, line by line. */
export function diffOf(before: string, after: string): Hunk[] {
  const [old, new_] = [linesOf(before), linesOf(after)];
  const { head, tail } = commonEnds(old, new_);
  const middle = changesOf(old.slice(head, old.length - tail), new_.slice(head, new_.length - tail));
  const all: DiffLine[] = [
    ...old.slice(0, head).map((text) => ({ sign: " ", text }) as const),
    ...middle,
    ...old.slice(old.length - tail).map((text) => ({ sign: " ", text }) as const),
  ];
  return hunksOf(all);
}

/** A line as it may be shown: no control of the terminal's, and `***` for what looks like a credential. */
export function shownLine(text: string): string {
  return text
    .replace(
      /(?<![\w.-])("?)([\w.-]+)\1(\s*[:=]\s*)"(?:[^"\\]|\\.)+"/g,
      (all, quote: string, name: string, sign: string) => {
        return holdsCredential(name) ? `${quote}${name}${quote}${sign}"***"` : all;
      },
    )
    .replace(/\b(Bearer|Basic|Token) +[^\s"'$]+/gi, "$1 ***")
    .replace(/(:\/\/[^\s"'?]*\?)[^\s"'#]+/g, "$1***")
    .replace(/(:\/\/[^/@\s:"']*:)[^/@\s"'$]+@/g, "$1***@")
    .replace(/(["'=])(?=[^"'\s]*\d)(?=[^"'\s]*[A-Za-z])[\w+~.-]{24,}={0,2}(?=["']|$)/g, "$1***")
    .replace(/(?!\t)[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}

/** The lines of a difference as they may be shown; of long ones, as of a file on one line, what differs. */
export function shownLines(lines: readonly DiffLine[]): DiffLine[] {
  const shown = lines.map(({ sign, text }) => ({ sign, text: shownLine(text) }));
  const [gone, come] = ["-", "+"].map((sign) => shown.filter((line) => line.sign === sign));
  return shown.map((line) => {
    if (line.text.length <= LONGEST) return line;
    const other = come![gone!.indexOf(line)] ?? gone![come!.indexOf(line)];
    return { sign: line.sign, text: narrowed(line.text, other?.text ?? "") };
  });
}

/** The part of a line in which it differs from another one. */
function narrowed(text: string, other: string): string {
  const { head, tail } = commonEnds(text, other);
  const start = Math.max(0, head - AROUND_IN_LINE);
  const end = Math.min(text.length - tail + AROUND_IN_LINE, start + 10 * LONGEST, text.length);
  return `${start === 0 ? "" : "..."}${text.slice(start, end)}${end === text.length ? "" : "..."}`;
}

function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** The lines that go and those that come, by the longest common subsequence. */
function changesOf(old: readonly string[], new_: readonly string[]): DiffLine[] {
  if (old.length * new_.length > MOST_PAIRS) {
    return [
      ...old.map((text) => ({ sign: "-", text }) as const),
      ...new_.map((text) => ({ sign: "+", text }) as const),
    ];
  }
  const width = new_.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = new_.length - 1; j >= 0; j--) {
      common[i * width + j] = old[i] === new_[j]
        ? common[(i + 1) * width + j + 1]! + 1
        : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < new_.length) {
    if (i < old.length && j < new_.length && old[i] === new_[j]) {
      lines.push({ sign: " ", text: old[i]! });
      i++;
      j++;
    } else if (j >= new_.length || (i < old.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      lines.push({ sign: "-", text: old[i++]! });
    } else lines.push({ sign: "+", text: new_[j++]! });
  }
  return lines;
}

/** The changes with the lines around them; those that are near stand together. */
function hunksOf(all: readonly DiffLine[]): Hunk[] {
  const hunks: { line: number; lines: DiffLine[] }[] = [];
  let line = 1;
  let last = -1;
  for (const [at, { sign, text }] of all.entries()) {
    const isNear = all.slice(Math.max(0, at - AROUND), at + AROUND + 1).some((other) => other.sign !== " ");
    if (isNear) {
      if (hunks.length === 0 || last < at - 1) hunks.push({ line, lines: [] });
      hunks.at(-1)!.lines.push({ sign, text });
      last = at;
    }
    if (sign !== "+") line++;
  }
  return hunks;
}
