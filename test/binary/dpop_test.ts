/** Tokens that are bound to a key (RFC 9449), of a certified authorization server, by the executable. */
import { describe, expect, test } from "bun:test";
import { claimedBy, DpopKey } from "../harness/dpop.ts";
import { type Executable, outcomeOf } from "../harness/executable.ts";
import type { GuardedRequest } from "../harness/guarded_mcp.ts";
import { handOver } from "../harness/hand_over.ts";
import { OidcScene } from "../harness/oidc_scene.ts";
import type { OidcOptions } from "../harness/oidc_server.ts";

function open(options: OidcOptions): Promise<OidcScene> {
  return OidcScene.open({ proofs: true, ...options });
}

let calls = 0;
async function expectAnswered(bridge: Executable, name = "read"): Promise<void> {
  const call = { id: `call ${++calls}`, method: "tools/call", params: { name, arguments: {} } };
  expect((await bridge.request(call)).result?.content[0].text).toBe(`${name} is done`);
}

/** The requests that the MCP server carried out. */
function done({ server }: OidcScene): GuardedRequest[] {
  return server.mcp.seen.items.filter(({ status }) => status !== 401 && status !== 403);
}

function proofOf({ headers }: GuardedRequest): ReturnType<typeof claimedBy> {
  return claimedBy(headers.get("dpop")!);
}

/** The tokens that were used. */
function tokens(scene: OidcScene): Set<string> {
  return new Set(done(scene).map(({ headers }) => headers.get("authorization")!));
}

/** The keys that the requests were proved by, each as a part of it that stands in no other. */
function keys(scene: OidcScene): string[] {
  return [...new Set(done(scene).map((request) => proofOf(request).jwk.x as string))];
}

/** What the provider did not grant, and why. */
function refusals({ server }: OidcScene): string[] {
  return server.events.items.flatMap(({ name, error = name }) => name === "grant.success" ? [] : [error]);
}

/** No code, no token and no key is anywhere but sealed in the vault. */
function expectKept(scene: OidcScene, { output: stdout, stderr, pid }: Executable): void {
  expect(scene.leaks({ stdout, stderr }, [pid], keys(scene))).toEqual([]);
}

describe.each([
  ["without nonces", false],
  ["with nonces of both servers", true],
])("at a server that wants tokens bound to a key, %s", (_how, nonces) => {
  test("signs in, and each request is proved anew by one key", async () => {
    await using scene = await open({ nonces });
    const { browser } = scene;
    await using bridge = scene.start();
    expect((await bridge.initialize()).result.serverInfo.name).toBe("guarded");
    for (let n = 1; n <= 5; n++) await expectAnswered(bridge);
    expect(browser.count).toBe(1);
    expect(done(scene).length).toBeGreaterThanOrEqual(7);
    expect(done(scene).every(({ headers }) => headers.get("authorization")!.startsWith("DPoP "))).toBe(true);
    const proofs = done(scene).map(proofOf);
    expect(keys(scene)).toHaveLength(1);
    expect(new Set(proofs.map(({ id }) => id)).size).toBe(proofs.length);
    expectKept(scene, bridge);
  });

  test("goes on through one renewal after another by the same key, of which none spends a token twice", async () => {
    await using scene = await open({ nonces, accessTtl: 1 });
    const { server, browser } = scene;
    await using bridge = scene.start();
    await bridge.initialize();
    while (tokens(scene).size < 4) await expectAnswered(bridge);
    expect(server.granted("refresh_token")).toBeGreaterThanOrEqual(3);
    expect(keys(scene)).toHaveLength(1);
    // The sign-in and the first renewal are told the provider's nonce.
    expect(refusals(scene)).toEqual(nonces ? ["use_dpop_nonce", "use_dpop_nonce"] : []);
    expect(browser.count).toBe(1);
    expectKept(scene, bridge);
  }, 30_000);

  test("has its key at the next start too, and renews by it without a page", async () => {
    await using scene = await open({ nonces, accessTtl: 1 });
    const { server, browser } = scene;
    {
      await using bridge = scene.start();
      await bridge.initialize();
    }
    const renewals = server.granted("refresh_token");
    await using bridge = scene.start();
    await bridge.initialize();
    while (server.granted("refresh_token") === renewals) await expectAnswered(bridge);
    await expectAnswered(bridge);
    expect(keys(scene)).toHaveLength(1);
    expect(browser.count).toBe(1);
    expectKept(scene, bridge);
  }, 30_000);

  test("is asked for more where a tool needs it, and what comes of that is bound as well", async () => {
    await using scene = await open({ nonces });
    const { browser } = scene;
    await using bridge = scene.start();
    await bridge.initialize();
    await expectAnswered(bridge, "write");
    expect(browser.count).toBe(2);
    expect(done(scene).at(-1)!.headers.get("authorization")).toStartWith("DPoP ");
    expectKept(scene, bridge);
  });

  test("has a token that is refused to whoever cannot prove that it is theirs", async () => {
    await using scene = await open({ nonces });
    const { server, browser } = scene;
    await using bridge = scene.start();
    await bridge.initialize();
    await expectAnswered(bridge);
    const { headers } = done(scene).at(-1)!;
    const [used, authorization] = [headers.get("dpop")!, headers.get("authorization")!];
    const token = authorization.replace("DPoP ", "");
    const bearer = `Bearer ${token}`;
    const { nonce } = claimedBy(used);
    const said = nonce === undefined ? {} : { nonce };
    const stolen = new DpopKey().proof({ method: "POST", url: server.mcp.url, token, ...said });
    const attempts: Record<string, string>[] = [
      { authorization },
      { authorization: bearer },
      { authorization, dpop: stolen },
      { authorization: bearer, dpop: stolen },
      { authorization, dpop: used },
      { authorization: bearer, dpop: used },
    ];
    for (const headers of attempts) {
      const { status } = await fetch(server.mcp.url, { method: "POST", headers, body: "{}" });
      expect(status).toBe(401);
    }
    await expectAnswered(bridge);
    expect(browser.count).toBe(1);
  });

  test("login finds the token good, and nothing is renewed for it", async () => {
    await using scene = await open({ nonces });
    const { server, browser } = scene;
    const login = await outcomeOf(scene.surroundings, "login", server.mcp.url);
    expect(login.stderr).toContain("you are signed in;");
    const again = await outcomeOf(scene.surroundings, "login", server.mcp.url);
    expect(again.stderr).toContain("signed in already");
    expect([browser.count, server.granted("refresh_token")]).toEqual([1, 0]);
  });
});

describe("at a server that wants tokens bound to a key", () => {
  test("a nonce that the server has changed is taken over, and the call goes on", async () => {
    await using scene = await open({ nonces: true });
    const { server, browser } = scene;
    await using bridge = scene.start();
    await bridge.initialize();
    await expectAnswered(bridge);
    const before = server.mcp.seen.items.length;
    server.mcp.renewNonce();
    await expectAnswered(bridge);
    // The server's own stream, which is asked for by itself, may be refused at any time.
    const calls = server.mcp.seen.items.slice(before).filter(({ method }) => method === "POST");
    expect(calls.map(({ status }) => status)).toEqual([401, 200]);
    expect([browser.count, server.granted("refresh_token")]).toEqual([1, 0]);
  });

  test("the page that a killed process has opened is finished by another one, with the key that it was opened for", async () => {
    await using scene = await open({});
    const { browser } = scene;
    await using first = scene.start();
    await using second = scene.start();
    expect((await handOver(browser, first, second)).result.serverInfo.name).toBe("guarded");
    await expectAnswered(second);
    expect(browser.count).toBe(1);
    expectKept(scene, second);
  });
});
