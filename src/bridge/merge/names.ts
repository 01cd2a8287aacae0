/** The longest name of a tool that every host takes. */
const LONGEST = 64;
const HASH_DIGITS = 16;
const FOREIGN = /[^A-Za-z0-9_-]/g;
const SEPARATOR = "__";
/** How a name ends that is not the server's own letter by letter. No other name of ours ends so. */
const HASHED = /_[0-9a-f]{16}$/;

/** What a merged name says of itself. */
export interface NameParts {
  readonly slug: string;
  /** What the server calls it; nothing where only a list of that server tells. */
  readonly name: string | undefined;
}

/**
 * The name of a server's tool or prompt beside those of others: `<slug>__<name>`, of at most 64 letters that every host
 * takes. Where the name does not fit it is shortened, and ends in a hash of both parts. The same pair has the same name
 * in every run, and two pairs never have the same one: a slug has no `_`, so the first `__` ends it, and what looks like
 * a hash is hashed.
 */
export function mergedName(slug: string, name: string): string {
  const plain = `${slug}${SEPARATOR}${name}`;
  const fits = plain.length <= LONGEST && plain.search(FOREIGN) < 0 && !HASHED.test(plain);
  if (fits) return plain;
  const hash = new Bun.CryptoHasher("sha256").update(`${slug}\n${name}`).digest("hex").slice(0, HASH_DIGITS);
  return `${plain.replace(FOREIGN, "_").slice(0, LONGEST - HASH_DIGITS - 1)}_${hash}`;
}

/** Which server a merged name belongs to, and what it is called there; nothing where it is no such name. */
export function readMergedName(merged: string): NameParts | undefined {
  const end = merged.indexOf(SEPARATOR);
  if (end <= 0) return undefined;
  const slug = merged.slice(0, end);
  return { slug, name: HASHED.test(merged) ? undefined : merged.slice(end + SEPARATOR.length) };
}
