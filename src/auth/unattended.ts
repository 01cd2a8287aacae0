import type { Discovery } from "./discover.ts";
import { signInAsClient, undiscovered } from "./grants/client_credentials.ts";
import type { Records } from "./records.ts";
import { register } from "./register.ts";
import type { SignInWish } from "./session.ts";
import type { SignInParts } from "./sign_in.ts";

/** Where tokens are asked for without discovery, by a person's word; nothing where that is to be found out. */
export function namedDiscovery({ settings, owner }: SignInParts): Discovery | undefined {
  return settings.tokenEndpoint && undiscovered(settings.tokenEndpoint, new URL(owner.server));
}

/** Signs in as the client itself: nobody is asked, and the same is done again when the token has ended. */
export async function signInUnattended(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  discovery: Discovery,
): Promise<void> {
  const { settings, wire, clock, signal, vault } = parts;
  const tools = { wire, clock, signal };
  // Who signs in by a secret was registered by hand: there is nowhere to come back to.
  const client = await register(discovery, settings, "", tools);
  const challenge = wish.challenge === undefined ? {} : { challenge: wish.challenge };
  const previous = wish.stepUp ? (await records.grant())?.scope : undefined;
  const held = previous === undefined ? {} : { held: previous };
  const tokens = await signInAsClient({ discovery, client, settings, ...challenge, ...held }, tools);
  await vault.withLock(records.lockOf("refresh"), async () => {
    await records.save({ version: 1, discovery, client, scope: tokens.scope }, tokens);
  });
}
