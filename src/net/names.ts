import type { LookupAddress } from "node:dns";

/** A family of addresses. */
export type Family = 4 | 6;

/** What the system's resolver says of a name in one family, and after how many ms. */
export interface Lookup {
  readonly family: Family;
  readonly addresses: readonly string[];
  /** Why there are none, such as `ENOTFOUND`; `TIMEOUT` where it said nothing in time. */
  readonly failure: string | undefined;
  readonly ms: number;
}

/** Asks the system's resolver for the addresses of a name in one family. */
export type LookUp = (name: string, family: Family) => Promise<Lookup>;

/** As `LookUp`, for at most `patience` ms. Never throws: that a name has no address is an answer. */
export async function lookUp(name: string, family: Family, patience: number): Promise<Lookup> {
  const { lookup } = await import("node:dns/promises");
  const since = performance.now();
  const late = Promise.withResolvers<{ failure: string }>();
  const timer = setTimeout(() => late.resolve({ failure: "TIMEOUT" }), patience);
  const found = await Promise.race([lookup(name, { all: true, family }).then(addressesOf, failureOf), late.promise]);
  clearTimeout(timer);
  return { family, addresses: [], failure: undefined, ...found, ms: performance.now() - since };
}

function addressesOf(found: LookupAddress[]): { addresses: readonly string[] } {
  return { addresses: [...new Set(found.map(({ address }) => address))] };
}

function failureOf(thrown: unknown): { failure: string } {
  return { failure: String((thrown as NodeJS.ErrnoException).code ?? "unknown") };
}
