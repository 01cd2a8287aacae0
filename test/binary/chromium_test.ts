/** A person's own browser, which the executable opens: what it does with our page, and what it has to say about it. */
import { describe, expect, test } from "bun:test";
import { Chromium, isChromiumAbsent } from "../harness/chromium.ts";
import { Executable } from "../harness/executable.ts";
import { OidcServer } from "../harness/oidc_server.ts";
import { sweep } from "../harness/secret_sweep.ts";

describe.skipIf(isChromiumAbsent())("Chromium, opened by the executable", () => {
  test("is clicked through a sign-in once, ends at our page, and finds no fault with it", async () => {
    await using server = await OidcServer.start();
    await using browser = await Chromium.start();
    await using bridge = new Executable({ env: browser.env }, server.mcp.url, "--debug");
    expect((await bridge.initialize()).result.serverInfo.name).toBe("guarded");
    const { title, text, url, complaints } = await browser.pages.find(() => true);
    expect([title, text]).toEqual([
      "You are signed in",
      "You are signed in\n\nYou can close this page and go back to your application.\n\nmcp-bridge",
    ]);
    expect(new URL(url).pathname).toBe("/oauth/callback");
    expect(complaints).toEqual([]);
    expect(browser.pages.items).toHaveLength(1);
    const outputs = { stdout: bridge.output, stderr: bridge.stderr };
    expect(sweep(server.secrets, { outputs, pids: [bridge.pid] })).toEqual([]);
  }, 30_000);
});
