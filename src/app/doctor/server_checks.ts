import type { Check } from "./check.ts";
import { callbackPort } from "./server/callback_port.ts";

/** What is looked at of a server with an address, in the order of the report. */
export const SERVER_CHECKS: readonly Check[] = [callbackPort];
