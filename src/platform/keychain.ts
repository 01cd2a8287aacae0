/** Why the keychain did not do what was asked: there is none on this machine, or it is there and does not let us. */
export type KeychainFault = { readonly kind: "absent" | "locked_or_denied" };

/**
 * The keychain of the operating system, with keys of 32 bytes under the service `mcp-bridge`. On Linux a locked one
 * says `empty`: libsecret finds nothing in it and asks nobody.
 */
export interface Keychain {
  get(name: string): Promise<KeychainAnswer>;
  set(name: string, key: Uint8Array): Promise<KeychainDone>;
  /** Done also where there was no such key. */
  delete(name: string): Promise<KeychainDone>;
}

/** What stands under a name. */
export type KeychainAnswer =
  | { readonly kind: "key"; readonly key: Uint8Array }
  | { readonly kind: "empty" }
  | KeychainFault;

/** Whether it was done. */
export type KeychainDone = { readonly kind: "done" } | KeychainFault;

/** The part of `Bun.secrets` that is used; a test brings its own. */
export type Secrets = Pick<typeof Bun.secrets, "get" | "set" | "delete">;

const SERVICE = "mcp-bridge";

/** The keychain of this machine. */
export function systemKeychain(
  secrets: Secrets = Bun.secrets,
  platform: NodeJS.Platform = process.platform,
): Keychain {
  return {
    async get(name): Promise<KeychainAnswer> {
      let text: string | null;
      try {
        text = await secrets.get({ service: SERVICE, name });
      } catch (thrown) {
        return { kind: platform === "linux" && isAbsence(thrown) ? "absent" : "locked_or_denied" };
      }
      return text === null ? { kind: "empty" } : { kind: "key", key: Buffer.from(text, "base64") };
    },
    // What is absent has said so to `get`; a locked one answers `set` with the very code of an absent one.
    async set(name, key): Promise<KeychainDone> {
      try {
        await secrets.set({ service: SERVICE, name, value: Buffer.from(key).toString("base64") });
        return { kind: "done" };
      } catch {
        return { kind: "locked_or_denied" };
      }
    },
    async delete(name): Promise<KeychainDone> {
      try {
        await secrets.delete({ service: SERVICE, name });
        return { kind: "done" };
      } catch {
        return { kind: "locked_or_denied" };
      }
    },
  };
}

/**
 * Whether libsecret, the session's bus or the service behind it is not there. Texts are translated, numbers are not:
 * none for a library or bus that is missing, 1 and 39 for a bus that does not answer, 2 for a bus without the service. 8
 * may stand for much; there is no bus where the program that starts one is missing, as on WSL with a screen.
 */
function isAbsence(thrown: unknown): boolean {
  const { code, message } = thrown as { code?: string; message?: string };
  if (code !== "ERR_SECRETS_PLATFORM_ERROR") return code === "ERR_SECRETS_NOT_AVAILABLE";
  const number = /\(code: (\d+)\)/.exec(message ?? "")?.[1] ?? "";
  return /^(?:1|2|39)?$/.test(number) || (number === "8" && message!.includes("dbus-launch"));
}
