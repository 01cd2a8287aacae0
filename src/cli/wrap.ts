/** What fits every terminal, in columns. */
const WIDTH = 80;

/** Breaks a text between words, so that it fits a terminal; each further line begins with `margin`, as the first may. */
export function wrapped(text: string, margin: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && margin.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${margin}`);
}
