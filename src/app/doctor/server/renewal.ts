import { TokenSession } from "../../../auth/session.ts";
import { bearerOf } from "../../../auth/token_life.ts";
import { BridgeError, toBridgeError } from "../../../platform/errors.ts";
import { uninterrupted } from "../../../platform/process_ends.ts";
import type { World } from "../world.ts";
import { wireOf } from "./bare_answer.ts";
import { ownerOf, readHeld } from "./kept.ts";
import { settingsOf } from "./subject.ts";

/** What came of renewing the token: nothing was asked for, there is nothing to renew it by, or how that went. */
export type Renewal =
  | { readonly kind: "unasked" | "nothing" | "renewed" }
  | { readonly kind: "failed"; readonly cause: BridgeError };

/** Renews the token where a person asked for that, as the product does, so that the new one is kept; done once. */
export function renewal(world: World): Promise<Renewal> {
  return world.once("renewal", async () => {
    // A refresh token is spent by being sent: its answer must not be lost.
    return world.refresh ? await uninterrupted(() => renew(world)) : { kind: "unasked" };
  });
}

async function renew(world: World): Promise<Renewal> {
  const { useIdToken } = settingsOf(world).signIn;
  const tokens = (await readHeld(world))?.tokens;
  if (tokens?.refreshToken === undefined) return { kind: "nothing" };
  let cause: BridgeError | undefined;
  const session = new TokenSession({
    owner: ownerOf(world),
    vault: world.vault(),
    wire: await wireOf(world),
    clock: world.clock,
    notify: world.notify,
    useIdToken,
    signIn: () => Promise.reject(new BridgeError("sign_in_required", "the token was not renewed")),
    onunrenewed: (thrown) => cause = thrown,
  });
  try {
    await session.better({
      status: 401,
      challenge: undefined,
      used: bearerOf(tokens, useIdToken),
      tried: new Set(),
    });
    return { kind: "renewed" };
  } catch (thrown) {
    return { kind: "failed", cause: cause ?? toBridgeError(thrown) };
  }
}
