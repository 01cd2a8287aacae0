import type { SignInSettings } from "../auth/settings.ts";
import type { Redemptions } from "../auth/redemptions.ts";
import type { TokenSession } from "../auth/session.ts";
import { TokenCommand } from "../auth/token_command.ts";
import { type Credentials, withAuth } from "../auth/with_auth.ts";
import type { HttpWire, Wire } from "../net/gate.ts";
import type { Clock } from "../platform/clock.ts";
import type { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";
import type { Surroundings } from "../platform/paths.ts";
import type { SharedVault } from "./shared_vault.ts";

/** What signing in to one server needs. */
export interface AuthenticationParts {
  readonly server: URL;
  /** The name of an account at that server. */
  readonly account: string;
  readonly signIn: SignInSettings;
  readonly vault: SharedVault;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Is told why everything waits while a person is awaited, and nothing once that is over. */
  onwaiting(cause: BridgeError | undefined): void;
  /** Is told when somebody has signed in. */
  onsignedin?(): void;
  /** The address that the browser came back to, from a person who types it in. */
  readonly pasted?: Promise<string>;
  /** What the end of the process waits for. */
  readonly redemptions?: Redemptions;
  /** Gives a sign-in up. */
  readonly signal: AbortSignal;
}

/** Opens the token session of a server and account. Loads what it takes, so only where it is needed. */
export async function openTokenSession(wire: HttpWire, parts: AuthenticationParts): Promise<TokenSession> {
  const [{ TokenSession }, vault] = await Promise.all([import("../auth/session.ts"), parts.vault.open()]);
  const { server, account, surroundings, signal, pasted, clock, notify, onwaiting } = parts;
  const settings = parts.signIn;
  const owner = { server: ownerAddress(server), account };
  return new TokenSession({
    owner,
    vault,
    wire,
    clock,
    notify,
    useIdToken: settings.useIdToken,
    redemptions: parts.redemptions,
    async signIn(wish): Promise<void> {
      const [{ signIn }, { systemBrowser }, { headlessReason }] = await Promise.all([
        import("../auth/sign_in.ts"),
        import("../platform/browser.ts"),
        import("../platform/desktop.ts"),
      ]);
      const browser = systemBrowser(surroundings);
      const headless = headlessReason(surroundings);
      const more = pasted === undefined ? {} : { pasted };
      await signIn(
        { owner, vault, wire, clock, notify, settings, browser, headless, onwaiting, signal, ...more },
        wish,
      );
      parts.onsignedin?.();
    },
  });
}

/** The way out to one server, with the credential of an account there. A run without a vault loads nothing for it. */
export function authenticated(wire: Wire, parts: AuthenticationParts): Wire {
  const { tokenCommand } = parts.signIn;
  if (tokenCommand !== undefined) {
    const { clock, surroundings: { env } } = parts;
    return withAuth(wire, parts.server, new TokenCommand({ ...tokenCommand, env, clock }));
  }
  let session: Promise<TokenSession> | undefined;
  const open = (): Promise<TokenSession> => session ??= openTokenSession(wire, parts);
  let opened: TokenSession | undefined;
  let isWithout = false;
  function find(): Promise<string | undefined> | undefined {
    isWithout = session === undefined && !parts.vault.isThere;
    return isWithout ? undefined : opening();
  }
  async function opening(): Promise<string | undefined> {
    opened = await open();
    return await opened.current();
  }
  const credentials: Credentials = {
    get prover(): Credentials["prover"] {
      return opened?.prover;
    },
    current: () => opened !== undefined ? opened.current() : isWithout ? undefined : find(),
    async better(refusal): ReturnType<Credentials["better"]> {
      opened = await open();
      return await opened.better(refusal);
    },
  };
  return withAuth(wire, parts.server, credentials);
}

/** Under which address a server's credentials are kept: that of a WebSocket is the one of its metadata, by HTTP. */
export function ownerAddress(server: URL): string {
  const address = new URL(server.href.replace(/^ws/, "http"));
  address.hash = "";
  return address.href;
}
