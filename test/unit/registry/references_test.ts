import { describe, expect, test } from "bun:test";
import { resolveHeaders, resolveProgram, resolveReferences } from "../../../src/registry/references.ts";
import { FakeKeychain } from "../../harness/fake_keychain.ts";
import { failure } from "../../harness/vault_place.ts";

const ENV = { KEY: "hunter2", EMPTY: "", PATH: "/bin", MCP_BRIDGE_PASSPHRASE: "mine" };

function keychain(): FakeKeychain {
  const keychain = new FakeKeychain();
  keychain.keys.set("secret:linear", new TextEncoder().encode("k\u00e9y"));
  keychain.keys.set("vault", new Uint8Array(32));
  return keychain;
}

test.each([
  ["plain", "plain"],
  ["${KEY}", "hunter2"],
  ["${env:KEY}", "hunter2"],
  ["Bearer ${KEY}, ${KEY}", "Bearer hunter2, hunter2"],
  ["${EMPTY}", ""],
  ["${EMPTY:-else}", "else"],
  ["${UNSET:-}", ""],
  ["${UNSET:-some thing}", "some thing"],
  ["$KEY {KEY} ${} ${not a name} ${1}", "$KEY {KEY} ${} ${not a name} ${1}"],
  ["keychain:linear", "k\u00e9y"],
  ["not keychain:linear", "not keychain:linear"],
])("%p stands for %p", async (written, value) => {
  expect(await resolveReferences("it", { a: written }, ENV, keychain())).toEqual({ a: value });
});

describe("a reference that leads nowhere is named, with the server and no value", () => {
  test.each(
    [
      ["${UNSET}", "open", "${UNSET}, which is not set"],
      ["${KEY}${toString}", "open", "${toString}, which is not set"],
      ["${input:token}", "open", "${input:token}, which is another program's"],
      ["keychain:other", "open", "keychain:other, and the keychain holds none, or is locked"],
      ["keychain:vault", "open", "keychain:vault, and the keychain holds none, or is locked"],
      ["keychain:linear", "denied", "keychain:linear, and the keychain is locked, or does not let us"],
      ["keychain:linear", "absent", "keychain:linear, and there is no keychain here"],
    ] as const,
  )("%p where the keychain is %s", async (written, mood, text) => {
    const chain = keychain();
    chain.mood = mood;
    const entry = { label: "linear", headers: { "x-key": written } };
    const error = await failure(resolveHeaders(entry, ENV, chain));
    expect([error.code, error.message]).toEqual([
      "missing_reference",
      `"x-key" of the server "linear" refers to ${text}`,
    ]);
    expect(error.message + error.hint).not.toContain("hunter2");
  });
});

test("a value that HTTP does not allow is refused once it is known, and not shown", async () => {
  const entry = { label: "linear", headers: { "x-key": "${LINES}" } };
  const error = await failure(resolveHeaders(entry, { LINES: "hunter2\r\nx-evil: 1" }, keychain()));
  expect(error.code).toBe("bad_header");
  expect(error.message).not.toContain("hunter2");
});

test("a program gets our environment with its own over it, and nothing that is meant for us alone", async () => {
  const program = { command: "a", args: ["${KEY}"], env: { TOKEN: "${KEY}", PATH: "/mine" }, cwd: undefined };
  expect(await resolveProgram("linear", program, ENV, keychain())).toEqual({
    command: "a",
    args: ["${KEY}"],
    env: { KEY: "hunter2", EMPTY: "", PATH: "/mine", TOKEN: "hunter2" },
  });
});
