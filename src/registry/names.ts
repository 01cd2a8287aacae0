import { BridgeError, quoted } from "../platform/errors.ts";

/** The words that call a command; no server can be called by one of them. */
export const COMMAND_WORDS = [
  "add",
  "call",
  "completion",
  "connect",
  "doctor",
  "help",
  "import",
  "install",
  "list",
  "login",
  "logout",
  "prompts",
  "remove",
  "resources",
  "search",
  "serve",
  "show",
  "status",
  "tools",
  "uninstall",
  "vault",
  "version",
] as const;

/** One of `COMMAND_WORDS`. */
export type CommandWord = typeof COMMAND_WORDS[number];

/** The longest slug. */
export const SLUG_LENGTH = 40;

/**
 * What a server of this label is called by in commands, addresses and names of tools: `a-z`, `0-9` and single dashes,
 * 40 at most. Empty where the label holds nothing of that kind.
 */
export function slugOf(label: string): string {
  if (isSlug(label)) return label;
  return withoutMarks(label)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, SLUG_LENGTH)
    .replace(/-$/, "");
}

const SLUG_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-";

/** Most labels are their own slugs. That is told letter by letter: a first regular expression takes 1 MiB. */
function isSlug(label: string): boolean {
  if (label === "" || label.length > SLUG_LENGTH) return false;
  if (label.startsWith("-") || label.endsWith("-") || label.includes("--")) return false;
  for (const letter of label) if (!SLUG_LETTERS.includes(letter)) return false;
  return true;
}

/** Letters without their accents; most labels have none, and to look for them costs a start 1 ms. */
function withoutMarks(label: string): string {
  return /[^ -~]/.test(label) ? label.normalize("NFKD").replace(/\p{M}/gu, "") : label;
}

/** Why a server cannot have a name, and one that it can have. */
export interface NameFault {
  /** What is wrong with it, to be said behind the quoted label. */
  readonly text: string;
  readonly proposal: string;
}

/** What is wrong with a label beside those that have the slugs of `taken`; nothing where it is a good name. */
export function nameFault(label: string, taken: ReadonlyMap<string, string>): NameFault | undefined {
  const slug = slugOf(label);
  if (slug === "") return { text: "holds no letter of a to z and no digit", proposal: free("server", taken) };
  if (![...slug].some((letter) => letter >= "a")) {
    return { text: "is made of digits only, like a port", proposal: free(`server-${slug}`, taken) };
  }
  if ((COMMAND_WORDS as readonly string[]).includes(slug)) {
    return { text: "is the word of a command", proposal: free(`${slug}-server`, taken) };
  }
  const other = taken.get(slug);
  if (other === undefined) return undefined;
  return other === label
    ? { text: "is there already", proposal: free(slug, taken) }
    : { text: `is called "${slug}", as ${quoted(other)} is`, proposal: free(slug, taken) };
}

/** The first of `slug`, `slug-2`, `slug-3`, ... that no server has. */
function free(slug: string, taken: ReadonlyMap<string, string>): string {
  for (let number = 1;; number++) {
    const ending = number === 1 ? "" : `-${number}`;
    const candidate = `${slug.slice(0, SLUG_LENGTH - ending.length).replace(/-$/, "")}${ending}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** The names that a person may have meant by `word`, the nearest first, three at most. */
export async function nearestNames(word: string, names: Iterable<string>): Promise<string[]> {
  const { distance } = await import("fastest-levenshtein");
  const slug = slugOf(word);
  const near: [name: string, far: number][] = [];
  for (const name of names) {
    const far = distance(slug, name);
    const isNear = far < name.length && far <= Math.min(3, Math.max(2, Math.floor(name.length / 2)));
    if (isNear || (slug.length > 2 && name.includes(slug))) near.push([name, far]);
  }
  return near.sort(([, one], [, other]) => one - other).slice(0, 3).map(([name]) => name);
}

/** The error for a name that no server has, with those that are near. */
export async function unknownName(name: string, slugs: Iterable<string>): Promise<BridgeError> {
  const near = (await nearestNames(name, slugs)).map((slug) => JSON.stringify(slug));
  return new BridgeError("unknown_name", `there is no server ${quoted(name)} in servers.json`, {
    hint: near.length === 0 ? '"mcp-bridge list" shows those that are' : `did you mean ${near.join(" or ")}?`,
  });
}
