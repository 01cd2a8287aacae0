/** The catalogue of faults and attacks: what we promise where something goes wrong, and which tests show it. */
import type { Entry } from "./catalogue/entry.ts";
import { FAULTS } from "./catalogue/faults.ts";
import { MACHINE } from "./catalogue/machine.ts";
import { RELEASE } from "./catalogue/release.ts";
import { REMOTE } from "./catalogue/remote.ts";

/** Its parts, by the letter of their entries. */
export const PARTS: Readonly<Record<string, { readonly title: string; readonly entries: readonly Entry[] }>> = {
  A: { title: "A server that is malicious or broken", entries: REMOTE },
  B: { title: "Somebody else on the same machine", entries: MACHINE },
  C: { title: "Faults", entries: FAULTS },
  D: { title: "Build and release", entries: RELEASE },
};

/** All entries. */
export const CATALOGUE: readonly Entry[] = Object.values(PARTS).flatMap(({ entries }) => entries);
