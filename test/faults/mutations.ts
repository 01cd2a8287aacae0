/**
 * What each promise of the catalogue rests on, and how to take that away: `bun run mutations` does so and sees the tests of
 * the entry fail. Who changes such a place changes its mutation with it.
 */
import { FAULTS } from "./mutations/faults.ts";
import { MACHINE } from "./mutations/machine.ts";
import type { Mutation } from "./mutations/mutation.ts";
import { RELEASE } from "./mutations/release.ts";
import { REMOTE } from "./mutations/remote.ts";

/** All of them, in the order of the catalogue. */
export const MUTATIONS: readonly Mutation[] = [...REMOTE, ...MACHINE, ...FAULTS, ...RELEASE].map(
  ([id, what, file, code, instead, test]) => {
    const place = file.startsWith("../") ? file.slice(3) : `src/${file}`;
    return { id, what, file: place, code, instead, test: `test/${test}` };
  },
);
