/** A keychain in memory that can be taken away, locked, and watched. */
import type { Keychain, KeychainAnswer, KeychainDone } from "../../src/platform/keychain.ts";

/** How it behaves: `locked` as gnome-keyring does, which finds nothing, takes nothing, and asks nobody. */
export type Mood = "open" | "absent" | "denied" | "locked";

/** Starts empty and open. */
export class FakeKeychain implements Keychain {
  /** The keys, by name. */
  readonly keys: Map<string, Uint8Array> = new Map();
  /** What was asked of it, in order. */
  readonly asked: string[] = [];
  mood: Mood = "open";

  get(name: string): Promise<KeychainAnswer> {
    this.asked.push("get");
    const key = this.keys.get(name);
    if (this.mood === "open" && key !== undefined) return Promise.resolve({ kind: "key", key });
    if (this.mood === "open" || this.mood === "locked") return Promise.resolve({ kind: "empty" });
    return Promise.resolve({ kind: this.mood === "absent" ? "absent" : "locked_or_denied" });
  }

  set(name: string, key: Uint8Array): Promise<KeychainDone> {
    this.asked.push("set");
    if (this.mood !== "open") return Promise.resolve({ kind: "locked_or_denied" });
    this.keys.set(name, key);
    return Promise.resolve({ kind: "done" });
  }

  delete(name: string): Promise<KeychainDone> {
    this.asked.push("delete");
    if (this.mood === "open") this.keys.delete(name);
    return Promise.resolve({ kind: "done" });
  }
}
