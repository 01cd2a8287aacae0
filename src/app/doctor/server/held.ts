import type { World } from "../world.ts";
import { type Held, readHeld } from "./kept.ts";
import { renewal } from "./renewal.ts";

/**
 * What the vault holds, after the renewal where that was asked for; read once.
 *
 * @throws {BridgeError} what keeps the vault shut
 */
export function held(world: World): Promise<Held | undefined> {
  return world.once("held", async () => {
    await renewal(world);
    return await readHeld(world);
  });
}
