import { expect, test } from "bun:test";
import { signInOf } from "../../../src/registry/sign_in.ts";
import { FakeKeychain } from "../../harness/fake_keychain.ts";
import { failure } from "../../harness/vault_place.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";

test("an entry that says nothing of signing in leaves all to the sign-in", async () => {
  expect(await signInOf({ label: "a", oauth: {} }, {}, new FakeKeychain())).toEqual(signInSettings());
});

test("what an entry says is what the sign-in goes by", async () => {
  const oauth = {
    grant: "client_credentials",
    scope: "a b",
    clientId: "me",
    clientSecret: "${SECRET}",
    resource: "",
    provider: "github",
    callbackPort: 3_334,
    callbackHost: "localhost",
    callbackPath: "/back",
    clientMetadataUrl: "https://me.example/client",
    tokenEndpoint: "https://as.example/token",
    authorizeParams: { prompt: "consent" },
    useIdToken: true,
    allowNoPkce: true,
    allowPrivateNetwork: true,
  } as const;
  expect(await signInOf({ label: "a", oauth }, { SECRET: "hunter2" }, new FakeKeychain())).toEqual(signInSettings({
    grant: "client_credentials",
    clientMetadata: { scope: "a b" },
    clientInfo: { "client_id": "me", "client_secret": "hunter2" },
    resource: { kind: "none" },
    provider: "github",
    callbackPort: 3_334,
    callbackHost: "localhost",
    callbackPath: "/back",
    clientMetadataUrl: new URL("https://me.example/client"),
    tokenEndpoint: new URL("https://as.example/token"),
    authorizeParams: new Map([["prompt", "consent"]]),
    useIdToken: true,
    mayLackPkce: true,
    anyNetwork: true,
  }));
});

test("a secret of the client that is not there is named with its server", async () => {
  const oauth = { clientId: "me", clientSecret: "${SECRET}" };
  expect((await failure(signInOf({ label: "linear", oauth }, {}, new FakeKeychain()))).message).toBe(
    '"clientSecret" of the server "linear" refers to ${SECRET}, which is not set',
  );
});
