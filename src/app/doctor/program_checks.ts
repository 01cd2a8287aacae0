import type { Check } from "./check.ts";
import { discreet, givenSecrets } from "./server/discreet.ts";
import { programFound } from "./server/program_found.ts";
import { programSession } from "./server/program_session.ts";
import { serverSettings } from "./server/settings.ts";

/** What is looked at of a server that is a program of this machine. */
export const PROGRAM_CHECKS: readonly Check[] = [serverSettings, programFound, discreet(programSession, givenSecrets)];

/** The same of one that nobody has named: what starts nothing. */
export const IDLE_PROGRAM_CHECKS: readonly Check[] = [serverSettings, programFound];
