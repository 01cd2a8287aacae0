/** Which shell reads a line. */
export type Shell = "posix" | "cmd" | "powershell";

/** Everything else means something to the shell, or may. */
const BARE: Readonly<Record<Shell, RegExp>> = {
  posix: /[\w@%+=:,./-]/,
  cmd: /[\w@+=:,./\\?$#{}*~-]/,
  powershell: /[\w%+=:./\\?~-]/,
};
const WITHIN: Readonly<Record<string, RegExp>> = { "'": /[^']/, '"': /[^"$`\\!]/ };
const WITHIN_CMD = /[^"%!^]/;
/** What means something at the beginning of a word of PowerShell, and nothing within it. */
const WITHIN_WORD = "@";

/**
 * The words of a line that a shell is given, where it can be read without being that shell: nothing of it is expanded,
 * redirected or joined. Nothing where it cannot.
 */
export function shellWords(line: string, shell: Shell): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const sign of line) {
    if (quote !== undefined) {
      const isPlain = (shell === "cmd" ? WITHIN_CMD : WITHIN[quote]!).test(sign);
      if (sign === quote) quote = undefined;
      else if (isPlain) word += sign;
      else return undefined;
    } else if (sign === '"' || (sign === "'" && shell !== "cmd")) {
      quote = sign;
      word ??= "";
    } else if (/[ \t]/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (BARE[shell].test(sign) || (sign === WITHIN_WORD && word !== undefined)) {
      word = (word ?? "") + sign;
    } else {
      return undefined;
    }
  }
  if (quote !== undefined) return undefined;
  return word === undefined ? words : [...words, word];
}
