/** How much a server may be asked to log, from all to the least (server/utilities/logging). */
export const LOG_LEVELS: readonly string[] = "debug info notice warning error critical alert emergency".split(" ");
