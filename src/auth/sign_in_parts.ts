import type { HttpWire } from "../net/gate.ts";
import type { Browser } from "../platform/browser.ts";
import type { Clock } from "../platform/clock.ts";
import type { HeadlessReason } from "../platform/desktop.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { Vault } from "../vault/vault.ts";
import type { AuthTools } from "./ask.ts";
import type { Owner } from "./owner.ts";
import type { Grant, Records } from "./records.ts";
import type { ScopeWish } from "./scope.ts";
import type { SignInWish } from "./session.ts";
import type { SignInSettings } from "./settings.ts";
import type { TokenSet } from "./token_endpoint.ts";

/** What a sign-in needs. */
export interface SignInParts {
  readonly owner: Owner;
  readonly vault: Vault;
  readonly wire: HttpWire;
  readonly clock: Clock;
  readonly notify: Notify;
  readonly settings: SignInSettings;
  readonly browser: Browser;
  /** Why no page that we open would be seen; nothing where it would. */
  readonly headless: HeadlessReason | undefined;
  /** Is told why everything waits while a person is awaited, and nothing once that is over. */
  onwaiting(cause: BridgeError | undefined): void;
  /** The address that the browser came back to, from a person who types it in. */
  readonly pasted?: Promise<string>;
  /** Gives it up. */
  readonly signal: AbortSignal;
}

/** How often a process looks at what others have brought, in ms. */
export const LOOK_MS = 500;

/** What the steps of a sign-in need of the world. */
export function toolsOf({ wire, clock, signal, settings }: SignInParts): AuthTools {
  return { wire, clock, signal, anyNetwork: settings.anyNetwork };
}

/** What the server asked for, and, where a grant is too narrow, what was granted before. */
export async function demandOf(
  records: Records,
  { challenge, stepUp }: SignInWish,
): Promise<Pick<ScopeWish, "challenge" | "held">> {
  const held = stepUp ? (await records.grant())?.scope : undefined;
  return { ...(challenge === undefined ? {} : { challenge }), ...(held === undefined ? {} : { held }) };
}

/** Keeps what a sign-in has brought, while nobody renews what it replaces. */
export async function keep({ vault }: SignInParts, records: Records, grant: Grant, tokens: TokenSet): Promise<void> {
  await vault.withLock(records.lockOf("refresh"), () => records.save(grant, tokens));
}

/** Answers requests while a person is awaited at `url`. */
export function signInRequired({ server }: Owner, url: string): BridgeError {
  return new BridgeError("sign_in_required", `a person has to sign in first, at ${url}`, {
    hint: `sign in there and try again, or run "mcp-bridge login ${server}"`,
  });
}
