import type { FailingWorld } from "./failing_world.ts";

/** Worlds that differ in the server, and in the way to it. */
export const SERVER_WORLDS: readonly FailingWorld[] = [];
