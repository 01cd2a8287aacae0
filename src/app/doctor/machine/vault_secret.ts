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
    const key = `doctor ${crypto.randomUUID()}`;
    const secret = crypto.randomUUID();
    try {
      await vault.put("memory", key, secret);
      if (await vault.get("memory", key) !== secret) return fault(explains, "not_kept");
    } finally {
      await vault.remove("memory", key).catch(() => {});
    }
    if (await vault.get("memory", key) !== undefined) return fault(explains, "not_kept");
    return ok("a test secret was written, read back and removed");
  },
};
