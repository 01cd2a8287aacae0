/** Ways to make the worlds that checks of `doctor` fail in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { World } from "../../../../src/app/doctor/world.ts";
import { foldersOf } from "../../../../src/platform/paths.ts";
import { type Changes, doctorWorld } from "../../../harness/doctor_world.ts";
import type { FailingWorld } from "./failing_world.ts";

/** A world that is said by what differs from a sound one. */
export function changed(changes: Changes): FailingWorld["world"] {
  return (stack) => doctorWorld(stack, changes);
}

/** The folder of the vault, which is made. */
export function stateIn(world: World): string {
  const { state } = foldersOf(world.state.surroundings);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  return state;
}

/** A file that only the user may read. */
export function fileAt(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A world with a vault that holds one row, to be spoiled by `spoil`. */
export function withVault(spoil: (file: string, world: World) => void, changes: Changes = {}): FailingWorld["world"] {
  return async (stack) => {
    const world = doctorWorld(stack, changes);
    await world.vault().put("tokens", "a", "x".repeat(9_000));
    const { file } = await world.vault().status();
    // The vault's own memory of its key is not that of a process which has just started.
    world.vault().close();
    spoil(file, world);
    return world;
  };
}
