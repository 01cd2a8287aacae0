import type { Check } from "./check.ts";
import { version } from "./machine/version.ts";

/** What is looked at of this machine, in the order of the report. */
export const MACHINE_CHECKS: readonly Check[] = [version];
