import { BridgeError } from "../platform/errors.ts";

/** The format of the vault's file that this version writes; `FORMAT.md` describes it. */
export const FORMAT = 1;

/** The bytes of a key. */
export const KEY_BYTES = 32;
/** NIST SP 800-38D, 8.2.2: random nonces of 96 bits serve up to 2^32 rows under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where the key of a vault may come from. */
export const KEY_KINDS = ["keychain", "file", "passphrase"] as const;

/** One of `KEY_KINDS`. */
export type KeyKind = typeof KEY_KINDS[number];

/** What stands in the vault's header about its key, beside the key's fingerprint. */
export interface KeyRecord {
  readonly kind: KeyKind;
  /** Under which name the keychain or the folder holds the key; empty for a passphrase. */
  readonly name: string;
  /** What the passphrase is stretched with; empty for the other kinds. */
  readonly salt: Uint8Array;
}

/** Seals rows under one key. */
export interface Seal {
  /** What tells this key and its record from any other; says nothing about either. */
  fingerprint(record: KeyRecord): string;
  /** Where the row of a readable key stands; without the vault's key nobody can tell which key that is. */
  rowId(table: string, key: string): Uint8Array;
  /** Seals the readable key and its JSON value for one place in the vault. */
  close(table: string, id: Uint8Array, content: Content): Promise<Uint8Array>;
  /** @throws {BridgeError} `vault_damaged` for anything but what was sealed for this very place. */
  open(table: string, id: Uint8Array, sealed: Uint8Array): Promise<Content>;
}

/** What is sealed in a row. */
export interface Content {
  readonly key: string;
  readonly value: unknown;
}

/** Makes the seal of a key of 32 bytes. WebCrypto costs 1 ms of start, `node:crypto` nearly 3. */
export async function makeSeal(key: Uint8Array): Promise<Seal> {
  const cipher = await crypto.subtle.importKey("raw", derive(key, "rows"), "AES-GCM", false, ["encrypt", "decrypt"]);
  const places = derive(key, "places");
  const prints = derive(key, "fingerprint");

  function settings(table: string, id: Uint8Array, iv: Uint8Array<ArrayBuffer>): Settings {
    const additionalData = Buffer.concat([Buffer.from(`mcp-bridge vault ${FORMAT}\0${table}\0`), id]);
    return { name: "AES-GCM", iv, additionalData, tagLength: TAG_BYTES * 8 };
  }

  return {
    fingerprint({ kind, name, salt }): string {
      const record = JSON.stringify([FORMAT, kind, name, Buffer.from(salt).toString("hex")]);
      return new Bun.CryptoHasher("sha256", prints).update(record).digest("hex");
    },
    rowId(table, key): Uint8Array {
      return new Bun.CryptoHasher("sha256", places).update(`${table}\0${key}`).digest();
    },
    async close(table, id, content): Promise<Uint8Array> {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const text = new TextEncoder().encode(JSON.stringify(content));
      const sealed = await crypto.subtle.encrypt(settings(table, id, nonce), cipher, text);
      return Buffer.concat([nonce, new Uint8Array(sealed)]);
    },
    async open(table, id, sealed): Promise<Content> {
      try {
        const nonce = new Uint8Array(sealed.subarray(0, NONCE_BYTES));
        const text = new Uint8Array(sealed.subarray(NONCE_BYTES));
        return JSON.parse(
          new TextDecoder().decode(await crypto.subtle.decrypt(settings(table, id, nonce), cipher, text)),
        );
      } catch (cause) {
        throw new BridgeError("vault_damaged", "a row of the vault is not what was written", {
          hint: "sign in again, which writes it anew",
          cause,
        });
      }
    },
  };
}

/** Of AES-GCM in WebCrypto; the types of Bun have no name for them. */
interface Settings {
  name: "AES-GCM";
  iv: Uint8Array<ArrayBuffer>;
  additionalData: Uint8Array<ArrayBuffer>;
  tagLength: number;
}

/** A key for one use (NIST SP 800-108, HMAC in counter mode with a single block). */
function derive(key: Uint8Array, use: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Bun.CryptoHasher("sha256", key).update(`\x01mcp-bridge vault ${FORMAT}: ${use}`).digest());
}
