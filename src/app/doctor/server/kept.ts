import type { Owner } from "../../../auth/owner.ts";
import { type Grant, Records } from "../../../auth/records.ts";
import type { TokenSet } from "../../../auth/token_endpoint.ts";
import { ownerAddress } from "../../authentication.ts";
import type { World } from "../world.ts";
import { settingsOf } from "./subject.ts";

/** What the vault holds for the server and account. */
export interface Held {
  readonly grant: Grant;
  /** Nothing where they were taken back, or have been lost. */
  readonly tokens: TokenSet | undefined;
}

/** Whose credential it is. */
export function ownerOf(world: World): Owner {
  const { server, account } = settingsOf(world);
  return { server: ownerAddress(server as URL), account };
}

/**
 * What the vault holds now. A row that cannot be read stays.
 *
 * @throws {BridgeError} what keeps the vault shut
 */
export async function readHeld(world: World): Promise<Held | undefined> {
  const vault = { ...world.vault(), remove: (): Promise<void> => Promise.resolve() };
  const records = new Records(vault, ownerOf(world));
  const grant = await records.grant();
  return grant === undefined ? undefined : { grant, tokens: await records.tokens(grant) };
}
