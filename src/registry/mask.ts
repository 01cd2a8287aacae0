import { holdsCredential } from "../net/header_rules.ts";
import type { ProgramEntry } from "./entry.ts";

/** What stands in the place of a text that may be a secret. */
export const MASK = "***";

const REFERENCE = /\$\{([^}]*?)(:-[^}]*)?\}/g;
/** The words that say how a credential is meant, which are none. */
const SCHEME = /^(?:Bearer|Basic|Token|ApiKey) +/i;

/** A value as it may be shown: its references, and the mask for all that stands there literally. */
export function masked(value: string): string {
  if (value.startsWith("keychain:")) return value;
  const scheme = SCHEME.exec(value)?.[0] ?? "";
  let shown = scheme;
  let at = scheme.length;
  for (const found of value.matchAll(REFERENCE)) {
    if (found.index > at) shown += MASK;
    shown += found[2] === undefined ? found[0] : `\${${found[1]}:-${MASK}}`;
    at = found.index + found[0].length;
  }
  return at < value.length || value === "" ? shown + (value === "" ? "" : MASK) : shown;
}

/** Values by name, as they may be shown. */
export function maskedAll(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, masked(value)]));
}

/** Whether any value is a literal that should better be a reference. */
export function isLiteral(value: string): boolean {
  return masked(value).includes(MASK);
}

/** An address without what its query says. */
export function maskedUrl(url: URL): string {
  return url.search === "" ? url.href : `${url.origin}${url.pathname}?${MASK}`;
}

/** The words that start a program, without what is a credential by its name or by what stands around it. */
export function maskedCommand({ command, args }: Pick<ProgramEntry, "command" | "args">): string[] {
  let isSecret = false;
  return [
    command,
    ...args.map((word) => {
      const [, flag, value] = /^--?([\w-]+)(?:=(.*))?$/s.exec(word) ?? [];
      if (isSecret && flag === undefined) {
        isSecret = false;
        return MASK;
      }
      const isOne = flag !== undefined && holdsCredential(flag);
      isSecret = isOne && value === undefined;
      return isOne && value !== undefined ? `${word.slice(0, word.indexOf("="))}=${MASK}` : maskedWord(word);
    }),
  ];
}

/** `TOKEN=abc`, `X-Key: abc`, `...Bearer abc`, `postgres://me:abc@host/` and `https://host/?key=abc` without the `abc`. */
function maskedWord(word: string): string {
  const ifNamed = (whole: string, before: string, name: string, sign: string, value: string): string =>
    holdsCredential(name) ? `${before}${name}${sign}${masked(value)}` : whole;
  return word
    .replace(/^()([\w.-]+)(=|:\s+)([^]+)$/, ifNamed)
    .replace(/([?&])([\w.-]+)(=)([^&#\s]+)/g, ifNamed)
    .replace(/\b(Bearer|Basic)(\s+)[^\s"'$*]+/gi, `$1$2${MASK}`)
    .replace(/(:\/\/[^/@\s:]*:)[^/@\s]+@/g, `$1${MASK}@`);
}
