import { ownerAddress } from "./authentication.ts";
import { listAccounts, type SignedIn } from "./accounts.ts";
import type { Signing } from "./compose.ts";
import { openNetwork } from "./network.ts";
import type { SharedVault } from "./shared_vault.ts";
import type { UpstreamRun, UpstreamSettings } from "./upstream.ts";

/** How people sign in at a server that is served; nothing where a credential is given, or nobody signs in. */
export function signingOf(
  settings: UpstreamSettings,
  { clock, budget, notify, redemptions }: UpstreamRun,
  vault: SharedVault,
  signal: AbortSignal,
): Signing | undefined {
  const { server, headers, signIn, network, state } = settings;
  if (!(server instanceof URL) || headers["authorization"] !== undefined || signIn.tokenCommand !== undefined) {
    return undefined;
  }
  return {
    address: ownerAddress(server),
    async signIn(account, onwaiting): Promise<void> {
      const { signInByName } = await import("./sign_in.ts");
      await signInByName(openNetwork(network, clock, budget), headers, {
        server: new URL(ownerAddress(server)),
        account,
        signIn,
        vault,
        surroundings: state.surroundings,
        clock,
        notify,
        onwaiting,
        ...(redemptions === undefined ? {} : { redemptions }),
        signal,
      }, false);
    },
  };
}

/** Looking costs the vault an opening, and pages look every two seconds. */
const KEPT_MS = 5_000;

/** Reads the ends of the tokens in a vault, now and then; none where it cannot be read. */
export function tokenReader(vault: SharedVault, now: () => number): () => Promise<SignedIn[]> {
  let kept: Promise<SignedIn[]> = Promise.resolve([]);
  let readAt = -Infinity;
  return () => {
    if (now() - readAt >= KEPT_MS) {
      readAt = now();
      kept = vault.open().then(listAccounts).catch(() => []);
    }
    return kept;
  };
}
