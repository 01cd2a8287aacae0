import { describe, expect, test } from "bun:test";
import { beginAuthorization, redeem } from "../../../src/auth/authorize.ts";
import { staticClient } from "../../../src/auth/client.ts";
import { discoverProvider, PROVIDER_NAMES } from "../../../src/auth/providers.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";
import { failureOf, SERVER, toolsOf } from "./rig.ts";

const REDIRECT = "http://127.0.0.1:7777/callback";

describe("a provider without metadata", () => {
  test.each(PROVIDER_NAMES.map((name) => [name]))("%s signs in", async (name) => {
    const discovery = await discoverProvider(name, SERVER);
    const tools = toolsOf({ [discovery.metadata.tokenEndpoint!]: { "access_token": "a", "token_type": "bearer" } });
    const client = staticClient({ "client_id": "me", "client_secret": "s" }, discovery.metadata);
    const begun = await beginAuthorization(
      { discovery, client, settings: signInSettings(), redirectUri: REDIRECT },
      tools,
    );
    expect(begun.url.protocol).toBe("https:");
    expect([...begun.url.searchParams.values()]).not.toContain("");
    expect(Object.fromEntries(begun.url.searchParams)).toMatchObject({
      "client_id": "me",
      "redirect_uri": REDIRECT,
      "response_type": "code",
      "code_challenge_method": "S256",
      state: begun.state,
    });
    expect(begun.url.searchParams.has("resource")).toBe(false);
    const answer = new URLSearchParams({ state: begun.state, code: "c" });
    expect((await redeem(answer, begun, client, discovery, tools)).accessToken).toBe("a");
    expect(tools.wire.asked[0]!.form.has("resource")).toBe(false);
    expect(begun.url.searchParams.get("scope")).toBe(discovery.scopesSupported?.join(" ") ?? null);
  });

  test("gets what it wants in each request", async () => {
    const { metadata } = await discoverProvider("atlassian", SERVER);
    expect(metadata.authorizationEndpoint).toBe(
      "https://auth.atlassian.com/authorize?audience=api.atlassian.com&prompt=consent",
    );
    expect((await discoverProvider("notion", SERVER)).metadata.authorizationEndpoint).toContain("?owner=user");
    const discovery = await discoverProvider("google", SERVER);
    const client = staticClient({ "client_id": "me" }, discovery.metadata);
    const begun = await beginAuthorization(
      { discovery, client, settings: signInSettings(), redirectUri: REDIRECT },
      toolsOf(),
    );
    expect(Object.fromEntries(begun.url.searchParams)).toMatchObject({ "access_type": "offline", prompt: "consent" });
  });

  test.each(["", "nobody", "constructor", "__proto__", "GitHub"])("%j is none", async (name) => {
    const error = await failureOf(discoverProvider(name, SERVER));
    expect(error.code).toBe("bad_argument");
    expect(error.hint).toContain("github");
  });
});
