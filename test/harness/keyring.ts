/** GNOME's keyring on a session bus of its own, with a home of its own and without a screen. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAbsent } from "./daemon.ts";

/** Whether tests of the real keychain must be skipped, since one of its parts is not there. */
export const keyringIsAbsent: boolean = isAbsent("gnome-keyring-daemon") || isAbsent("dbus-run-session");

/** What a person who sits at the screen types in. */
const UNLOCK = 'printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 && exec "$@"';

/** The keyring's files. Disposing it removes them. */
export class Keyring implements Disposable {
  readonly #home: string = mkdtempSync(join(tmpdir(), "mcp-bridge-keyring-"));

  /** What stands before a command so that it finds the keyring, after the person has signed in or before. */
  session(state: "unlocked" | "locked"): string[] {
    // The bus and the keyring talk of what they miss, a screen above all.
    const quiet = ["sh", "-c", 'exec "$@" 2>/dev/null', "sh"];
    return [...quiet, "dbus-run-session", "--", ...(state === "unlocked" ? ["sh", "-c", UNLOCK, "sh"] : [])];
  }

  /** What the environment holds for such a session. */
  get env(): Record<string, string | undefined> {
    const { PATH } = process.env;
    return { PATH, HOME: this.#home, XDG_RUNTIME_DIR: this.#home, VAULT_KEY: "keychain" };
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}
