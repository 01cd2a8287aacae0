import { expect, test } from "bun:test";
import { parseRegistry } from "../../../src/registry/registry.ts";
import { forgetSecrets, keepSecrets, secretReference } from "../../../src/registry/secrets.ts";
import { resolveReferences } from "../../../src/registry/references.ts";
import { FakeKeychain } from "../../harness/fake_keychain.ts";
import { failure } from "../../harness/vault_place.ts";

test("a secret that is kept is found by its reference, and goes when no other server refers to it", async () => {
  const keychain = new FakeKeychain();
  const [own, shared] = [secretReference("one", "X-Key"), secretReference("one", "Cookie")];
  await keepSecrets(new Map([[own, "hunter2"], [shared, "hunter3"]]), keychain);
  expect(await resolveReferences("it", { own, shared }, {}, keychain)).toEqual({ own: "hunter2", shared: "hunter3" });

  const { servers } = await parseRegistry(
    JSON.stringify({
      mcpServers: {
        one: { url: "https://a/", headers: { "X-Key": own, "Cookie": shared } },
        two: { command: "a", env: { COOKIE: shared } },
      },
    }),
    "FILE",
  );
  keychain.keys.set("vault", new Uint8Array(32));
  await forgetSecrets(servers.get("one")!, [servers.get("two")!], keychain);
  expect([...keychain.keys.keys()]).toEqual([`secret:one/cookie`, "vault"]);
});

test("a keychain that does not take a secret is told, without the secret", async () => {
  const keychain = new FakeKeychain();
  keychain.mood = "denied";
  const error = await failure(keepSecrets(new Map([["keychain:a/b", "hunter2"]]), keychain));
  expect(error.code).toBe("missing_reference");
  expect(error.message + error.hint).not.toContain("hunter2");
});
