const DEEPEST = 64;
const BLANK = /\s*/y;
const SIGN = /[{}[\],:]/y;
const WORD = /[^\s"{}[\],:]+/y;

/**
 * The same JSON with a line for each element; numbers keep their digits. Strings may be as long as a message: a regular
 * expression with a group for each character gives up on a few million of them.
 */
export function laidOut(json: string): string {
  let depth = 0;
  let text = "";
  let before = "";
  for (const part of partsOf(json)) {
    const isEmpty = before === "{" || before === "[";
    if (part === "}" || part === "]") text += isEmpty ? part : `${lineBreak(--depth)}${part}`;
    else text += isEmpty ? `${lineBreak(++depth)}${part}` : part;
    if (part === ",") text += lineBreak(depth);
    if (part === ":") text += " ";
    before = part;
  }
  return text;
}

/** Strings, words and signs, without the blanks between. */
function* partsOf(json: string): Generator<string> {
  for (let at = endOf(BLANK, json, 0); at < json.length;) {
    const end = json[at] === '"' ? endOfString(json, at) : Math.max(endOf(SIGN, json, at), endOf(WORD, json, at));
    yield json.slice(at, end);
    at = endOf(BLANK, json, end);
  }
}

/** Where a match that begins at `at` ends; `at` where there is none. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    if (json[at] === "\\") at++;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}

/** What lies deeper than anybody reads stays on its line: else a few brackets would fill the memory with blanks. */
function lineBreak(depth: number): string {
  return depth > DEEPEST ? "" : `\n${"  ".repeat(depth)}`;
}
