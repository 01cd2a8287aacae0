import type { Check } from "./check.ts";

/** What is looked at of a server that is a program of this machine. */
export const PROGRAM_CHECKS: readonly Check[] = [];
