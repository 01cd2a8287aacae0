import { quoted } from "../platform/errors.ts";
import type { PoolEntry } from "./compose.ts";

/** The servers that are served, by slug. */
export type Served = ReadonlyMap<string, Pick<PoolEntry, "fingerprint">>;

/** Of each kind of change so many are named. */
const MOST_NAMED = 5;

/** How many servers there are, in words. */
export function countOf({ size }: Served): string {
  return size === 1 ? "1 server" : `${size} servers`;
}

/** What another list of servers changes, as the end of a sentence; empty where it changes nothing. */
export function changesBetween(before: Served, after: Served): string {
  const fresh = [...after.keys()].filter((slug) => !before.has(slug));
  const gone = [...before.keys()].filter((slug) => !after.has(slug));
  const other = [...after.keys()].filter((slug) =>
    before.has(slug) && before.get(slug)!.fingerprint !== after.get(slug)!.fingerprint
  );
  return [["new", fresh], ["set up anew", other], ["gone", gone]].flatMap(([what, slugs]) => {
    const names = (slugs as string[]).map((slug) => quoted(slug));
    if (names.length === 0) return [];
    const more = names.length - MOST_NAMED;
    return `${what}: ${names.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  }).join("; ");
}
