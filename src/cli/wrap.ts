/** What fits every terminal, in columns. */
const WIDTH = 80;

/** Breaks a text between words, so that it fits a terminal; each further line begins with `margin`, as the first may. */
export function wrapped(text: string, margin: string): string {
  const room = WIDTH - margin.length;
  let lines = "";
  let from = 0;
  while (text.length - from > room) {
    let end = text.lastIndexOf(" ", from + room);
    if (end <= from) end = text.indexOf(" ", from + room);
    if (end < 0) break;
    lines += `${text.slice(from, end)}\n${margin}`;
    from = end + 1;
  }
  return lines + text.slice(from);
}

/** One row of a table of two columns. */
export interface TextRow {
  /** What stands above this row and those that follow. */
  readonly heading?: string | undefined;
  readonly left: string;
  readonly text: string;
}

/** The lines of rows whose texts begin at `column`; what stands left of them and is longer has a line of its own. */
export function inColumns(rows: readonly TextRow[], column: number): string {
  const margin = " ".repeat(column);
  let lines = "";
  // One loop, and few calls: for a help of 60 rows the runtime would begin to compile what is called for each.
  for (const { heading, left, text } of rows) {
    if (heading !== undefined) lines += lines === "" ? `${heading}:\n` : `\n${heading}:\n`;
    const isLong = left.length + 4 > column;
    lines += isLong ? `  ${left}\n${margin}` : `  ${left}${margin.slice(left.length + 2)}`;
    lines += column + text.length <= WIDTH ? text : wrapped(text, margin);
    lines += "\n";
  }
  return lines;
}
