import { ANSWER_WORLDS } from "./answer_worlds.ts";
import type { FailingWorld } from "./failing_world.ts";
import { SIGN_IN_WORLDS } from "./sign_in_worlds.ts";
import { WAY_WORLDS } from "./way_worlds.ts";

/** Worlds that differ in the server, and in the way to it. */
export const SERVER_WORLDS: readonly FailingWorld[] = [...WAY_WORLDS, ...ANSWER_WORLDS, ...SIGN_IN_WORLDS];
