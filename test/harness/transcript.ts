/**
 * Transcripts: sessions of the executable as a person sees them, in one text with what they begin with. See
 * `test/transcripts/README.md` for how they are written.
 */

/** A command of a session, and what came of it. */
export interface Step {
  readonly kind: "command";
  /** Whether it runs at a terminal. */
  readonly isAtTerminal: boolean;
  /** What the shell is given. */
  readonly words: string;
  /** What was shown and typed, in order; without a terminal one piece for each output. */
  readonly pieces: readonly Piece[];
  readonly exitCode: number;
}

/** Lines that were shown on an output, or one line that was typed. */
export interface Piece {
  readonly mark: ">" | "!" | "<";
  readonly lines: readonly string[];
}

/** A server that listens from here on; `$NAME` is its address. */
export interface ServerLine {
  readonly kind: "server";
  readonly name: string;
  readonly what: string;
}

/** A line for the reader. */
export interface Remark {
  readonly kind: "remark";
  readonly text: string;
}

/** One thing in a session. */
export type Item = Step | ServerLine | Remark;

/** A whole transcript. */
export interface Transcript {
  /** What the first line promises. */
  readonly promise: string;
  readonly items: readonly Item[];
  /** The files that the home holds at first, by their path. */
  readonly files: ReadonlyMap<string, string>;
  /** The text of the files' part, as it is. */
  readonly tail: string;
}

const FILE = /^-- (\S+) --$/;
const SERVER = /^@ ([A-Z_]+) = ([a-z-]+)$/;

/** Reads a transcript. Throws an error with the line that makes no sense. */
export function parseTranscript(text: string): Transcript {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => FILE.test(line));
  const session = end < 0 ? lines : lines.slice(0, end);
  const tail = end < 0 ? [] : lines.slice(end);
  const promise = /^# (.+)/.exec(lines[0]!)?.[1];
  if (promise === undefined) throw new Error("The first line of a transcript is its promise: # ...");
  return { promise, items: itemsOf(session), files: filesOf(tail), tail: tail.join("\n") };
}

function itemsOf(lines: readonly string[]): Item[] {
  const items: Item[] = [];
  for (const [place, line] of lines.entries()) {
    const rest = line.slice(2);
    const last = items.at(-1);
    const server = SERVER.exec(line);
    if (line.startsWith("$ ") || line.startsWith("% ")) {
      items.push({ kind: "command", isAtTerminal: line.startsWith("%"), words: rest, pieces: [], exitCode: 0 });
    } else if (server !== null) items.push({ kind: "server", name: server[1]!, what: server[2]! });
    else if (last?.kind === "command" && /^[>!<]/.test(line)) {
      items[items.length - 1] = { ...last, pieces: withLine(last.pieces, line[0] as Piece["mark"], rest) };
    } else if (last?.kind === "command" && /^= \d+$/.test(line)) {
      items[items.length - 1] = { ...last, exitCode: Number(rest) };
    } else if (line === "" || line.startsWith("#")) items.push({ kind: "remark", text: line });
    else throw new Error(`Line ${place + 1} of the transcript makes no sense: ${line}`);
  }
  return items;
}

function withLine(pieces: readonly Piece[], mark: Piece["mark"], line: string): Piece[] {
  const last = pieces.at(-1);
  if (last?.mark !== mark || mark === "<") return [...pieces, { mark, lines: [line] }];
  return [...pieces.slice(0, -1), { mark, lines: [...last.lines, line] }];
}

function filesOf(lines: readonly string[]): Map<string, string> {
  const files = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of lines) {
    const path = FILE.exec(line)?.[1];
    if (path === undefined) current.push(line);
    else files.set(path, current = []);
  }
  return new Map([...files].map(([path, all]) => [path, all.join("\n")]));
}

/** The text of a transcript. */
export function transcriptText({ items, tail }: Pick<Transcript, "items" | "tail">): string {
  const lines = items.flatMap((item) => {
    if (item.kind === "remark") return [item.text];
    if (item.kind === "server") return [`@ ${item.name} = ${item.what}`];
    return [
      `${item.isAtTerminal ? "%" : "$"} ${item.words}`,
      ...item.pieces.flatMap(({ mark, lines }) => lines.map((line) => `${mark} ${line}`.trimEnd())),
      ...(item.exitCode === 0 ? [] : [`= ${item.exitCode}`]),
    ];
  });
  return [...lines, ...(tail === "" ? [] : [tail])].join("\n");
}
