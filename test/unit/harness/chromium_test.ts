import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Chromium, isChromiumAbsent } from "../../harness/chromium.ts";
import { HandClient, type Started } from "../../harness/hand_client.ts";
import { OidcServer } from "../../harness/oidc_server.ts";

const PNG = [0x89, 0x50, 0x4e, 0x47];

describe.skipIf(isChromiumAbsent())("Chromium", () => {
  let server: OidcServer;
  let browser: Chromium;
  let client: HandClient;
  let listener: Bun.Server<undefined>;
  beforeAll(async () => {
    server = await OidcServer.start();
    browser = await Chromium.start();
    listener = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () =>
        new Response("<!doctype html><title>Done</title><p>You are signed in.<script>document.title='ran'</script>", {
          headers: { "content-type": "text/html", "content-security-policy": "default-src 'none'" },
        }),
    });
    client = await HandClient.register(`${server.issuer}/.well-known/openid-configuration`, {
      "redirect_uris": [callback()],
    });
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await listener.stop(true);
  });

  function callback(): string {
    return `http://127.0.0.1:${listener.port}/callback`;
  }

  function start(): Started {
    return client.start({ "redirect_uri": callback(), scope: "mcp:read", resource: server.mcp.url });
  }

  test("signs in at the page of oidc-provider, as a program that a process starts", async () => {
    const started = start();
    const opener = Bun.spawn([browser.env.BROWSER!, started.url], { env: { PATH: process.env.PATH! } });
    expect(await opener.exited).toBe(0);
    const [page] = browser.pages.items;
    expect([page!.title, page!.text]).toEqual(["Done", "You are signed in."]);
    expect([...page!.screenshot.subarray(0, 4)]).toEqual(PNG);
    expect(page!.complaints).toEqual([expect.stringContaining("Content Security Policy")]);
    const code = new URL(page!.url).searchParams.get("code")!;
    const { json } = await client.redeem(code, started, { "redirect_uri": callback() });
    expect(json.scope).toBe("mcp:read");
  });

  test("says no where the person does", async () => {
    const { url } = await browser.visit(start().url, "Deny");
    expect(new URL(url).searchParams.get("error")).toBe("access_denied");
  });
});
