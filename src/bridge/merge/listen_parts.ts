import type { Timer } from "../../platform/clock.ts";
import type { Branch } from "./branch.ts";
import { type ListenSet, withGrant } from "./listen_set.ts";

/** One server's part in a subscription. */
export type Part =
  | { readonly kind: "asked" }
  | { readonly kind: "granted"; readonly set: ListenSet }
  /** Its stream broke: it is asked again after a while, in ms. */
  | { readonly kind: "broken"; readonly set: ListenSet; readonly wait: number; readonly timer: Timer }
  | { readonly kind: "ended" }
  | { readonly kind: "refused"; readonly cause: string };

/** Those of all servers that one concerns. */
export type Parts = ReadonlyMap<Branch, Part>;

/** Whether a server has not said yet whether it takes part. */
export function isOpen(parts: Parts): boolean {
  return parts.values().some(({ kind }) => kind === "asked");
}

/** Whether nothing will come of any server any more. */
export function isOver(parts: Parts): boolean {
  return parts.values().every(({ kind }) => kind === "ended" || kind === "refused");
}

/** Ends the clockwork of a part. */
export function stopPart(part: Part): void {
  if (part.kind === "broken") part.timer.cancel();
}

/** What the servers have granted so far, in the client's words. */
export function grantedIn(parts: Parts): ListenSet {
  let granted: ListenSet = { flags: [], uris: [] };
  for (const [{ slug }, part] of parts) if ("set" in part) granted = withGrant(granted, slug, part.set);
  return granted;
}

/** Why nobody lets the client listen; nothing where somebody does, or may. */
export function refusalsOf(parts: Parts): { slug: string; cause: string }[] | undefined {
  const refusals = [...parts].flatMap(([{ slug }, part]) =>
    part.kind === "refused" ? [{ slug, cause: part.cause }] : []
  );
  return refusals.length === parts.size && refusals.length > 0 ? refusals : undefined;
}
