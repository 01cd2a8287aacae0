import { nameFault, slugOf } from "../names.ts";

/** Parts of a host's name that many have, and that say nothing of whose it is. */
const COMMON = /^(?:mcp|api|app|www|ac|co|com|edu|gov|net|org)$/;

/** What to call a server by its address: `linear` for `https://mcp.linear.app/mcp`. */
export function nameOfAddress({ hostname, host }: URL): string {
  const isNumber = /^[\d.]+$|^\[/.test(hostname);
  const own = isNumber ? undefined : hostname.split(".").slice(0, -1).findLast((part) => !COMMON.test(part));
  const slug = slugOf(own ?? host);
  return nameFault(slug, new Map())?.proposal ?? slug;
}

/** What to call a server by the name that another program has for it; `taken` are the labels there are, by their slugs. */
export function labelOf(name: string, taken: ReadonlyMap<string, string>): string {
  const isPlain = /^[\p{L}\p{N} ._@()/-]{1,60}$/u.test(name);
  const label = isPlain ? name : slugOf(name);
  return nameFault(label, taken)?.proposal ?? label;
}
