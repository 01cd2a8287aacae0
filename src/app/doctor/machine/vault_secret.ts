import type { Vault } from "../../../vault/vault.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";

const explains = {
  vault_unwritable: {
    result: "fail",
    cause: "the vault cannot be written: its disk is full or may only be read",
    cure: "see that its disk has room and its folder may be written, or set MCP_BRIDGE_HOME to another one",
  },
  not_kept: {
    result: "fail",
    cause: "the vault gave back something else than what was put into it: its disk does not keep what is written",
    cure: "see that the disk is sound, or set MCP_BRIDGE_HOME to a folder on another one",
  },
} as const;

/** What the keys of test secrets begin with. */
const MARK = "doctor ";
/** A test takes less, in ms: what is older was left by a doctor that was killed. */
const LEFT_AFTER_MS = 60_000;

/** Whether the vault keeps what is put into it. */
export const vaultSecret: Check = {
  code: "vault-secret",
  title: "secret comes back",
  after: ["vault-opens", "vault-locks"],
  explains,
  limit: 15_000,
  async run(world): Promise<Finding> {
    const vault = world.vault();
    if (!(await vault.status()).exists) return skip("there is no vault yet");
    const now = world.clock.now();
    await sweep(vault, now);
    const key = MARK + crypto.randomUUID();
    const secret = crypto.randomUUID();
    try {
      await vault.put("memory", key, { secret, at: now });
      const back = await vault.get("memory", key) as { secret?: unknown } | undefined;
      if (back?.secret !== secret) return fault(explains, "not_kept");
    } finally {
      await vault.remove("memory", key).catch(() => {});
    }
    if (await vault.get("memory", key) !== undefined) return fault(explains, "not_kept");
    return ok("a test secret was written, read back and removed");
  },
};

async function sweep(vault: Vault, now: number): Promise<void> {
  for (const { key, value } of await vault.entries("memory")) {
    if (!key.startsWith(MARK)) continue;
    const { at } = value as { at: number };
    if (now - at > LEFT_AFTER_MS) await vault.remove("memory", key);
  }
}
