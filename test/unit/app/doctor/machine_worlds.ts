import type { FailingWorld } from "./failing_world.ts";

/** Worlds that differ in the machine. */
export const MACHINE_WORLDS: readonly FailingWorld[] = [];
