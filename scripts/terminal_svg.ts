/** A terminal's text as a picture: what a program printed, with its colours, as SVG. */

/** One piece of a line in one look. */
interface Run {
  readonly text: string;
  /** The column that it begins in. */
  readonly column: number;
  readonly look: Look;
}

interface Look {
  readonly colour: keyof typeof COLOURS;
  readonly isBold: boolean;
  readonly isFaint: boolean;
}

const COLOURS = { usual: "#d6dae2", red: "#ff7b72", green: "#7ee787", yellow: "#e3b341" } as const;
const USUAL: Look = { colour: "usual", isBold: false, isFaint: false };

/** What each number of an SGR escape does; others are left alone. */
const ESCAPES: Readonly<Record<string, Partial<Look>>> = {
  "0": USUAL,
  "1": { isBold: true },
  "2": { isFaint: true },
  "22": { isBold: false, isFaint: false },
  "31": { colour: "red" },
  "32": { colour: "green" },
  "33": { colour: "yellow" },
  "39": { colour: "usual" },
};

/** Sizes in units of the picture: a letter, a line, the edge. */
const LETTER = 8.4;
const LINE = 19;
const EDGE = 20;

/** The picture of `text`; `title` is read to who cannot see it. */
export function terminalSvg(text: string, title: string): string {
  const lines = text.trimEnd().split("\n");
  const runs = runsOf(lines);
  const width = Math.ceil(Math.max(...lines.map((line) => Bun.stringWidth(line))) * LETTER + 2 * EDGE);
  const height = lines.length * LINE + 2 * EDGE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">`,
    ...runs.flatMap((ofLine, row) => ofLine.map((run) => runSvg(run, EDGE + (row + 0.75) * LINE))),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** The pieces of each line; a look goes on beyond the line's end. */
function runsOf(lines: readonly string[]): Run[][] {
  let look = USUAL;
  return lines.map((line) => {
    let column = 0;
    const runs: Run[] = [];
    // deno-lint-ignore no-control-regex
    for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
      if (part.startsWith("\u001b[")) {
        for (const number of part.slice(2, -1).split(";")) look = { ...look, ...ESCAPES[number || "0"] };
      } else if (part !== "") {
        if (part.trim() !== "") runs.push({ text: part, column, look });
        column += Bun.stringWidth(part);
      }
    }
    return runs;
  });
}

/** Its length is given, so that columns stand below each other in every font. */
function runSvg({ text, column, look: { colour, isBold, isFaint } }: Run, y: number): string {
  const looks = [
    ` fill="${COLOURS[colour]}"`,
    ...(isBold ? [' font-weight="bold"'] : []),
    ...(isFaint ? [' fill-opacity="0.6"'] : []),
  ].join("");
  const start = text.length - text.trimStart().length;
  const shown = text.trim();
  const x = rounded(EDGE + (column + start) * LETTER);
  const length = rounded(Bun.stringWidth(shown) * LETTER);
  return `<text x="${x}" y="${rounded(y)}" textLength="${length}"${looks}>${escaped(shown)}</text>`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
