/** The status page of `serve`, as a person sees it in Chromium, and who is let in to it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { makeLink } from "../../src/serve/guard/links.ts";
import { BrowserProgram } from "../harness/browser_program.ts";
import { isChromiumAbsent } from "../harness/chromium.ts";
import { readExposition } from "../harness/exposition.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { FakeMcp, result } from "../harness/fake_mcp.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { sweep } from "../harness/secret_sweep.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

/** A link to the page, and the cookie that it is exchanged for. */
async function linkOf(serving: ServeExecutable): Promise<string> {
  const { url } = await (await serving.ask("/api/link", { method: "POST" })).json() as { url: string };
  return url;
}

async function cookieOf(serving: ServeExecutable): Promise<string> {
  const opened = await fetch(await linkOf(serving), { redirect: "manual" });
  return opened.headers.get("set-cookie")!.split(";")[0]!;
}

describe.skipIf(isChromiumAbsent())("the status page in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      chromiumSandbox: false,
      args: ["--no-proxy-server"],
    });
  });
  afterAll(() => browser.close());

  /** Opens the page by a link; what it complains about is collected. */
  async function open(serving: ServeExecutable): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => complaints.push(message.text()));
    page.setDefaultTimeout(20_000);
    await page.goto(await linkOf(serving));
    return { page, complaints };
  }

  const card = (page: Page, server: string): Locator =>
    page.locator(".server", { has: page.getByRole("heading", { name: server, exact: true }) });

  test("shows a server up, with its calls and clients, down when it dies, and up again", async () => {
    using server = new FakeMcp();
    await using serving = await ServeExecutable.start({ one: { url: server.url }, unused: { url: server.url } });
    const call = await serving.session("one", "my-client");
    await call("tools/list");
    const { page, complaints } = await open(serving);
    expect(new URL(page.url()).href).toBe(`${serving.url}/`);
    const one = card(page, "one");
    await one.locator(".state", { hasText: "up" }).waitFor();
    expect(await one.locator("dl").innerText()).toContain("calls\n2");
    expect(await one.getByRole("img").getAttribute("aria-label")).toStartWith(
      "2 calls and 0 errors in the last 10 min",
    );
    await card(page, "unused").getByText("nobody has asked it yet").first().waitFor();
    expect(await page.locator("#clients li").allInnerTexts()).toEqual([
      expect.stringMatching(/^my-client 1\.0\.0\none\nsession [0-9a-f]{8}\n2 calls\nnow$/),
    ]);
    const { port } = server;
    server.stop();
    await call("tools/call", { name: "x" });
    await one.locator(".state", { hasText: "down" }).waitFor();
    await one.getByText("does not accept connections").first().waitFor();
    await page.locator("#log .warn", { hasText: '"one" is down' }).waitFor();
    using _again = new FakeMcp(port);
    await one.locator(".state", { hasText: "up" }).waitFor();
    await one.getByText("History").click();
    const history = await one.locator("details li span:nth-of-type(1)").allInnerTexts();
    expect([history.slice(0, 2), history.at(-1)]).toEqual([["up", "down"], "idle"]);
    expect(complaints).toEqual([]);
    await page.close();
  }, 90_000);

  test("has a button for who is signed out; it signs in, and shows until when", async () => {
    using as = new FakeAs();
    using server = new ProtectedMcp(as);
    using person = new FakeBrowser();
    await using serving = await ServeExecutable.start({ one: { url: server.url } }, { env: person.env });
    const status = await serving.ask("/api/sign-in", { method: "POST", body: '{"server":"one"}' });
    expect(status.status).toBe(400);
    person.person.change = (callback) => {
      callback.delete("code");
      callback.set("error", "access_denied");
    };
    await serving.session("one").catch(() => {});
    const { page, complaints } = await open(serving);
    const one = card(page, "one");
    await one.locator(".state", { hasText: "signed out" }).waitFor();
    person.person.change = () => {};
    const button = one.getByRole("button", { name: "Sign in to one" });
    await button.focus();
    await page.keyboard.press("Enter");
    await one.getByText(/ends in \d+ min/).waitFor();
    await button.waitFor({ state: "hidden" });
    await page.locator("#log li", { hasText: "signed in to" }).first().waitFor();
    expect(complaints).toEqual([]);
    const outputs = { page: await page.content(), status: await (await serving.ask("/api/status")).text() };
    expect(sweep([as.tokens.marker, serving.token], { outputs })).toEqual([]);
    await page.close();
  }, 60_000);

  test("shows what clients and servers call themselves as text, and runs none of it", async () => {
    const hostile = '<img src=x onerror="document.title=1">"><script>document.title=2</script>';
    using server = new FakeMcp();
    server.on("tools/call", ({ message }) => result(message, {}));
    server.on(
      "resources/list",
      () =>
        Response.json({
          jsonrpc: "2.0",
          id: 1,
          error: { code: 1010, message: hostile, data: { code: "unreachable" } },
        }),
    );
    await using serving = await ServeExecutable.start({ one: { url: server.url } }, { flags: ["--debug"] });
    const call = await serving.session("one", hostile);
    await call("tools/call", { name: hostile });
    await call(hostile);
    const account = encodeURIComponent(hostile);
    const other = await serving.session(`one@${account}`, hostile);
    await other("tools/list");
    const { page, complaints } = await open(serving);
    await page.locator("#clients li", { hasText: hostile }).first().waitFor();
    await page.locator(".server", { hasText: `account ${hostile}` }).waitFor();
    expect(await page.title()).toBe("mcp-bridge");
    expect(await page.locator("body img, body script:not([type=module])").count()).toBe(0);
    expect(complaints).toEqual([]);
    readExposition(await (await serving.ask("/metrics")).text());
    await page.close();
  }, 60_000);

  test("fits a phone and needs no mouse", async () => {
    using server = new FakeMcp();
    await using serving = await ServeExecutable.start({
      ["a-name-of-forty-letters-without-any-break"]: { url: server.url },
    });
    const { page } = await open(serving);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.locator(".server").waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.locator("details[open]").count()).toBe(1);
    // What is open stays open when the page looks again.
    await page.waitForResponse((response) => response.url().endsWith("/api/status"));
    await page.waitForResponse((response) => response.url().endsWith("/api/status"));
    expect(await page.locator("details[open] summary:focus").count()).toBe(1);
    await page.close();
  }, 60_000);

  test("says when nobody answers any more", async () => {
    await using serving = await ServeExecutable.start({});
    const { page } = await open(serving);
    await page.getByText("There are no servers yet.").waitFor();
    serving.kill("SIGTERM");
    await page.getByText("mcp-bridge does not answer. Trying again.").waitFor();
    await page.close();
  }, 60_000);
});

describe("who is let in", () => {
  let server: FakeMcp;
  let serving: ServeExecutable;
  beforeAll(async () => {
    server = new FakeMcp();
    serving = await ServeExecutable.start({ one: { url: server.url } });
  });
  afterAll(async () => {
    await serving[Symbol.asyncDispose]();
    server.stop();
  });

  const ask = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
    fetch(`${serving.url}${path}`, {
      method,
      headers: { ...headers, ...(method === "POST" ? { "content-type": "application/json" } : {}) },
      redirect: "manual",
      ...(method === "POST" ? { body: '{"server":"nobody"}' } : {}),
    });

  test("nobody without token or cookie, anywhere but at /healthz", async () => {
    for (
      const [method, path] of [
        ["GET", "/"],
        ["GET", "/api/status"],
        ["GET", "/api/log"],
        ["POST", "/api/sign-in"],
        ["POST", "/api/link"],
        ["GET", "/readyz"],
        ["GET", "/metrics"],
        ["POST", "/mcp/one"],
        ["GET", "/nothing"],
      ] as const
    ) {
      const refused = await ask(path, {}, method);
      expect([path, refused.status]).toEqual([path, 401]);
      expect((await refused.json() as { error: { data: { code: string } } }).error.data.code).toBe("unauthorized");
    }
    expect((await ask("/healthz")).status).toBe(200);
  });

  test("a person without a link is told how to get one", async () => {
    const page = await ask("/", { accept: "text/html" });
    expect([page.status, page.headers.get("content-type")]).toEqual([401, "text/html; charset=utf-8"]);
    expect(await page.text()).toContain("mcp-bridge serve --open");
  });

  test("whoever has a link, once, and not who only looks whether it is there", async () => {
    const link = await linkOf(serving);
    expect((await fetch(link, { method: "HEAD" })).status).toBe(405);
    const opened = await fetch(link, { redirect: "manual" });
    expect([opened.status, opened.headers.get("location")]).toEqual([303, "/"]);
    const cookie = opened.headers.get("set-cookie")!;
    expect(cookie).toMatch(/^mcp_bridge_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(cookie).not.toContain(serving.token);
    const again = await fetch(link, { redirect: "manual" });
    expect([again.status, again.headers.get("set-cookie")]).toEqual([403, null]);
    const { token } = serving;
    const port = Number(new URL(serving.url).port);
    const fiveMinutes = 300_000;
    expect((await ask(makeLink({ token, port }, Date.now() - fiveMinutes))).status).toBe(403);
    expect((await ask(makeLink({ token, port: port + 1 }, Date.now()))).status).toBe(403);
    expect((await ask(makeLink({ token, port }, Date.now() - fiveMinutes + 10_000))).status).toBe(303);
    expect((await ask("/open")).status).toBe(403);
    expect((await ask("/open?code=a.b.c")).status).toBe(403);
    expect(
      (await fetch(await linkOf(serving), { redirect: "manual", headers: { origin: "http://evil.example" } })).status,
    )
      .toBe(403);
  });

  test("the browser that we start, of our user alone: others can read what it is started with", async () => {
    using browser = new BrowserProgram(() => Promise.resolve(0));
    await using started = await ServeExecutable.start({}, { flags: ["--open"], env: { BROWSER: browser.path } });
    const { args } = await browser.openings.find(() => true);
    const link = new URL(args[0]!);
    if (process.platform === "linux" && process.getuid!() === 0) {
      const asks = `exec 3<>/dev/tcp/127.0.0.1/${link.port}; ` +
        `printf 'GET ${link.pathname}${link.search} HTTP/1.1\\r\\nHost: ${link.host}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3`;
      const nobody = Bun.spawnSync(["setpriv", "--reuid=65534", "--clear-groups", "bash", "-c", asks]);
      expect(nobody.stdout.toString()).toStartWith("HTTP/1.1 403 ");
      expect(nobody.stdout.toString()).not.toMatch(/set-cookie/i);
      await started.stderr.find((line) => line.includes("another user of this machine"));
    }
    expect((await fetch(link, { redirect: "manual" })).status).toBe(303);
  });

  test("a browser with a cookie at the page and its API alone", async () => {
    const cookie = await cookieOf(serving);
    const page = await ask("/", { cookie });
    expect(page.status).toBe(200);
    expect((await ask("/api/status", { cookie })).status).toBe(200);
    for (
      const [method, path] of [
        ["POST", "/mcp/one"],
        ["GET", "/mcp/one"],
        ["GET", "/sse/one"],
        ["POST", "/api/link"],
        ["GET", "/metrics"],
        ["GET", "/readyz"],
      ] as const
    ) expect([path, (await ask(path, { cookie, origin: serving.url }, method)).status]).toEqual([path, 401]);
  });

  test("what changes something only from our own page", async () => {
    const cookie = await cookieOf(serving);
    const origins: [Record<string, string>, number][] = [
      [{}, 401],
      [{ origin: "null" }, 403],
      [{ origin: "http://evil.example" }, 403],
      [{ origin: serving.url.replace(/\d+$/, "1") }, 403],
      [{ origin: serving.url, "sec-fetch-site": "same-site" }, 401],
      [{ origin: serving.url }, 404],
    ];
    for (const [headers, status] of origins) {
      expect([headers, (await ask("/api/sign-in", { cookie, ...headers }, "POST")).status]).toEqual([headers, status]);
    }
    expect((await ask("/api/status", { cookie, "sec-fetch-site": "cross-site" })).status).toBe(401);
  });

  test("and the page is kept by nobody, framed by nobody, and runs what is ours alone", async () => {
    const { headers } = await ask("/", { cookie: await cookieOf(serving) });
    const policy = headers.get("content-security-policy")!;
    expect(policy).not.toContain("unsafe");
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) {
      expect(policy).toContain(part);
    }
    expect(policy).toMatch(/script-src 'sha256-[\w+/]{43}='/);
    expect(Object.fromEntries(headers)).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
  });
});
