/** A process of its own that works at a vault whose key is a file: `bun vault_child.ts FOLDER JOB [WORD ...]`. */
import { appendFileSync } from "node:fs";
import { systemClock } from "../../src/platform/clock.ts";
import { systemKeychain } from "../../src/platform/keychain.ts";
import type { VaultOptions } from "../../src/vault/access.ts";
import { rotateKey } from "../../src/vault/rotate.ts";
import { openVault, type Vault } from "../../src/vault/vault.ts";

/** What it can be told to do; each says a word on standard output for each step that is done. */
const JOBS: Record<string, (vault: Vault, options: VaultOptions, ...words: string[]) => Promise<void>> = {
  /** Puts one row. */
  async put(vault, _options, key): Promise<void> {
    await vault.put("tokens", key!, { made_by: process.pid });
  },
  /** Reads one row and says what it holds. */
  async get(vault, _options, key): Promise<void> {
    say(JSON.stringify(await vault.get("tokens", key!)) ?? "nothing");
  },
  /** Counts up for ever, saying each number that stands. */
  async count(vault): Promise<void> {
    for (;;) say(String(await vault.update("memory", "count", (count) => (count as number ?? 0) + 1)));
  },
  /** Changes the key for ever. */
  async rotate(_vault, options): Promise<void> {
    for (;;) say(String(await rotateKey(options)));
  },
  /** Takes a lock and holds it for so many ms, noting down in a file when it came in and when it goes out. */
  async visit(vault, _options, log, ms): Promise<void> {
    say("waiting");
    await vault.withLock("credential", async () => {
      appendFileSync(log!, `in ${process.pid}\n`);
      await Bun.sleep(Number(ms));
      appendFileSync(log!, `out ${process.pid}\n`);
    });
  },
  /** Takes a lock, says so, and keeps it. */
  async hold(vault): Promise<void> {
    await vault.withLock("credential", () => {
      say("held");
      return Bun.sleep(600_000);
    });
  },
};

function say(word: string): void {
  process.stdout.write(`${word}\n`);
}

if (import.meta.main) {
  const [folder, job, ...words] = process.argv.slice(2);
  const keyKind = process.env.VAULT_KEY === "keychain" ? "keychain" : "file";
  const options: VaultOptions = {
    folder: folder!,
    keychain: systemKeychain(),
    keyKind,
    notify: () => {},
    clock: systemClock,
  };
  try {
    await JOBS[job!]!(openVault(options), options, ...words);
  } catch (thrown) {
    const { code, message, hint } = thrown as { code: string; message: string; hint: string };
    say(`${code}: ${message}; ${hint}`);
    process.exit(1);
  }
}
