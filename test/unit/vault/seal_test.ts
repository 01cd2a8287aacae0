import { describe, expect, test } from "bun:test";
import { makeSeal } from "../../../src/vault/seal.ts";
import { failure } from "../../harness/vault_place.ts";

const key = new Uint8Array(32).fill(1);
const content = { key: "linear", value: { access_token: "secret" } };

describe("a seal", () => {
  test("opens what the same key has closed, and never closes the same way twice", async () => {
    const [one, other] = [await makeSeal(key), await makeSeal(key)];
    const id = one.rowId("tokens", "linear");
    const sealed = [await one.close("tokens", id, content), await one.close("tokens", id, content)];
    expect(Buffer.compare(sealed[0]!, sealed[1]!)).not.toBe(0);
    for (const bytes of sealed) expect(await other.open("tokens", id, bytes)).toEqual(content);
  });

  test("opens nothing for another place, table or key, and says so without the content", async () => {
    const seal = await makeSeal(key);
    const id = seal.rowId("tokens", "linear");
    const sealed = await seal.close("tokens", id, content);
    const stranger = await makeSeal(new Uint8Array(32).fill(2));
    const attempts = [
      seal.open("clients", id, sealed),
      seal.open("tokens", seal.rowId("tokens", "other"), sealed),
      stranger.open("tokens", id, sealed),
      seal.open("tokens", id, sealed.subarray(0, 10)),
      seal.open("tokens", id, new Uint8Array()),
    ];
    for (const error of await Promise.all(attempts.map(failure))) {
      expect(error.code).toBe("vault_damaged");
      expect(`${error.message}${error.cause}`).not.toContain("linear");
    }
  });

  test("puts rows where only its key can tell what they are", async () => {
    const seal = await makeSeal(key);
    const stranger = await makeSeal(new Uint8Array(32).fill(2));
    const ids = [
      seal.rowId("tokens", "a"),
      seal.rowId("tokens", "b"),
      seal.rowId("clients", "a"),
      stranger.rowId("tokens", "a"),
    ].map((id) => Buffer.from(id).toString("hex"));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has a fingerprint that depends on the key and on all that the header says of it", async () => {
    const [seal, stranger] = [await makeSeal(key), await makeSeal(new Uint8Array(32).fill(2))];
    const record = { kind: "file", name: "vault-a.key", salt: new Uint8Array() } as const;
    const prints = [
      seal.fingerprint(record),
      stranger.fingerprint(record),
      seal.fingerprint({ ...record, kind: "keychain" }),
      seal.fingerprint({ ...record, name: "vault-b.key" }),
      seal.fingerprint({ ...record, salt: new Uint8Array(1) }),
    ];
    expect(new Set(prints).size).toBe(prints.length);
    expect((await makeSeal(key)).fingerprint(record)).toBe(prints[0]!);
  });
});
