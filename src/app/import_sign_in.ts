import { type AuthChallenge, authChallenge } from "../auth/challenge.ts";
import { discover } from "../auth/discover.ts";
import { type ImportedSignIn, takeOver } from "../auth/imported.ts";
import { Records } from "../auth/records.ts";
import type { Wire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Vault } from "../vault/vault.ts";
import { ownerAddress } from "./authentication.ts";
import { questionTo } from "./sign_in.ts";

/** What it takes to take over a sign-in. */
export interface ImportSignInParts {
  readonly server: URL;
  readonly account: string;
  readonly imported: ImportedSignIn;
  readonly vault: Vault;
  /** The way out; nothing where nobody is to be asked. */
  readonly wire: Wire | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How that ended. */
export type ImportOutcome =
  /** `isSaid` tells whether the other program knew who gave the tokens. */
  | { readonly kind: "taken"; readonly issuer: string; readonly isSaid: boolean }
  /** It is in the vault, and taken over by the first use; `reason` says why not now. */
  | { readonly kind: "later"; readonly reason: string | undefined }
  | { readonly kind: "signed_in_already" }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Takes the sign-in of another program into the vault. Nothing there is replaced. Who gave the tokens is found out at
 * once, so that it is known before they are needed; where that cannot be, by the first use.
 *
 * @throws {BridgeError} `vault_locked`, `vault_unwritable` and their like
 */
export async function importSignIn(parts: ImportSignInParts): Promise<ImportOutcome> {
  const { vault, server, account, imported, wire, signal } = parts;
  const records = new Records(vault, { server: ownerAddress(server), account });
  const held = await records.grant();
  if (held !== undefined && await records.tokens(held) !== undefined) return { kind: "signed_in_already" };
  // What is left of a sign-in that has ended stands in the way of this one.
  if (held !== undefined) await records.forget(held);
  await records.saveImported(imported);
  if (wire === undefined) return { kind: "later", reason: undefined };
  try {
    return await settle(parts, records, wire);
  } catch (thrown) {
    if (!(thrown instanceof BridgeError) || signal.aborted || thrown.code.startsWith("vault_")) throw thrown;
    return { kind: "later", reason: thrown.message };
  }
}

async function settle(parts: ImportSignInParts, records: Records, wire: Wire): Promise<ImportOutcome> {
  const { vault, server, imported, clock, signal } = parts;
  const given = imported.tokens.issuer ?? imported.client.issuer;
  const address = new URL(ownerAddress(server));
  const challenge = await challengeOf(wire, address, signal);
  const discovery = await discover(address, challenge, {
    wire,
    clock,
    signal,
    ...(given === undefined ? {} : { preferredIssuer: given }),
  });
  const taken = await vault.withLock(
    records.lockOf("refresh"),
    () => takeOver(records, discovery, challenge?.resourceMetadata),
  );
  switch (taken.kind) {
    case "taken":
      return { kind: "taken", issuer: discovery.issuer, isSaid: given !== undefined };
    case "mismatch":
      return { kind: "refused", reason: taken.reason };
    case "none":
      // Another process was quicker.
      return { kind: "signed_in_already" };
  }
}

/** What the server says to somebody without a token. */
async function challengeOf(wire: Wire, server: URL, signal: AbortSignal): Promise<AuthChallenge | undefined> {
  const abort = new AbortController();
  const giveUp = (): void => abort.abort(signal.reason);
  signal.addEventListener("abort", giveUp);
  try {
    signal.throwIfAborted();
    const answer = await wire.fetch({ ...questionTo(server, {}), abort });
    answer.body.discard();
    return answer.status === 401 ? authChallenge(answer.headers) : undefined;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
