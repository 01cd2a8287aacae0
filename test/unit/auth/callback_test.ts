import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type Callback, type CallbackOptions, listenForCallback } from "../../../src/auth/callback.ts";
import { freePort } from "../../harness/free_port.ts";

const STATE = "a-state-of-43-characters-that-nobody-guesses";

async function listen(options: Partial<CallbackOptions> = {}): Promise<Callback & AsyncDisposable> {
  const callback = await listenForCallback({
    host: "127.0.0.1",
    port: await freePort(),
    ports: 1,
    path: "/oauth/callback",
    successUrl: undefined,
    ...options,
  });
  callback.expect(STATE);
  return { ...callback, [Symbol.asyncDispose]: () => callback.close() };
}

function visit(callback: Callback, query = `code=c1&state=${STATE}&iss=i`, init?: RequestInit): Promise<Response> {
  return fetch(`${callback.redirectUri}?${query}`, { redirect: "manual", ...init });
}

/** A request as no browser writes it: the answer's first line. */
function raw(callback: Callback, head: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(
    Number(new URL(callback.redirectUri).port),
    "127.0.0.1",
    () => socket.write(`${head}\r\n\r\n`),
  );
  socket.once("data", (chunk) => {
    resolve(String(chunk).split("\r\n")[0]!);
    socket.destroy();
  });
  return promise;
}

describe("the callback", () => {
  test("gives what the browser brought, and shows how it ended", async () => {
    await using callback = await listen();
    expect(callback.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/oauth\/callback$/);
    const page = visit(callback);
    expect(Object.fromEntries(await callback.visit)).toEqual({ code: "c1", state: STATE, iss: "i" });
    callback.conclude();
    const answer = await page;
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("You are signed in")]);
  });

  test("says why where it failed, and keeps the page harmless", async () => {
    await using callback = await listen({ successUrl: new URL("https://app.example.com/done") });
    const page = visit(callback);
    await callback.visit;
    callback.conclude('the server said "<script>alert(1)</script>"');
    const answer = await page;
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(text).toContain("The sign-in has failed");
    expect(text).not.toContain("<script");
    expect(answer.headers.get("content-security-policy")).toStartWith("default-src 'none'; style-src 'sha256-");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
  });

  test("sends the browser on to --auth-success-url once it has succeeded, with nothing of the sign-in", async () => {
    await using callback = await listen({ successUrl: new URL("https://app.example.com/done") });
    const page = visit(callback);
    await callback.visit;
    callback.conclude();
    const answer = await page;
    expect([answer.status, answer.headers.get("location")]).toEqual([302, "https://app.example.com/done"]);
  });

  test("takes no visit before it is known what to expect", async () => {
    const port = await freePort();
    const callback = await listenForCallback({ host: "127.0.0.1", port, ports: 1, path: "/cb", successUrl: undefined });
    for (const query of ["code=x", "code=x&state=", "code=x&state=undefined"]) {
      expect((await visit(callback, query)).status).toBe(400);
    }
    await callback.close();
  });

  test("turns away who is somebody else, though they bring what is expected, and waits for the right one (B6)", async () => {
    const asked: string[] = [];
    const answers = [true, true, false];
    await using callback = await listen({
      isStrangers: (visit, connections, port) => {
        asked.push(`${connections.requestIP(visit)?.address} at ${port}`);
        return Promise.resolve(answers.shift()!);
      },
    });
    for (let time = 0; time < 2; time++) {
      const answer = await visit(callback, `code=theirs&state=${STATE}`);
      expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("another user")]);
    }
    const page = visit(callback);
    expect((await callback.visit).get("code")).toBe("c1");
    callback.conclude();
    expect((await page).status).toBe(200);
    expect(asked).toEqual(Array(3).fill(`127.0.0.1 at ${new URL(callback.redirectUri).port}`));
  });

  test("takes one of two visits that are looked at while both are there (B7)", async () => {
    const both = Promise.withResolvers<boolean>();
    let looks = 0;
    await using callback = await listen({
      isStrangers: () => {
        if (++looks === 2) both.resolve(false);
        return both.promise;
      },
    });
    const pages = [visit(callback), visit(callback)];
    await callback.visit;
    callback.conclude();
    expect((await Promise.all(pages)).map(({ status }) => status).toSorted()).toEqual([200, 400]);
  });

  test("takes one visit only", async () => {
    await using callback = await listen();
    const first = visit(callback);
    await callback.visit;
    expect((await visit(callback, `code=other&state=${STATE}`)).status).toBe(400);
    callback.conclude();
    expect((await first).status).toBe(200);
    expect((await visit(callback)).status).toBe(400);
    expect((await callback.visit).get("code")).toBe("c1");
  });

  test("is changed by no wrong visit: 100 of them, then the right one", async () => {
    await using callback = await listen();
    const { port } = new URL(callback.redirectUri);
    const wrong: (() => Promise<unknown>)[] = [
      () => visit(callback, "code=x"),
      () => visit(callback, "code=x&state="),
      () => visit(callback, `code=x&state=${STATE}x`),
      () => visit(callback, `code=x&state=${STATE.slice(0, -1)}y`),
      () => visit(callback, `code=x&state=${STATE}&state=${STATE}`),
      () => visit(callback, `code=x&state=${STATE}`, { method: "POST" }),
      () => visit(callback, `code=x&state=${STATE}`, { method: "HEAD" }),
      () => visit(callback, `code=x&state=${STATE}`, { headers: { origin: "https://evil.example" } }),
      () => fetch(`http://127.0.0.1:${port}/?code=x&state=${STATE}`),
      () => fetch(`http://127.0.0.1:${port}/oauth/callback/?code=x&state=${STATE}`),
    ];
    for (let hit = 0; hit < 100; hit++) {
      const answer = await wrong[hit % wrong.length]!() as Response;
      expect(answer.status).toBe(400);
    }
    for (
      const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `localhost:${port}`, `127.0.0.1:${port}.evil`]
    ) {
      const head = `GET /oauth/callback?code=x&state=${STATE} HTTP/1.1\r\nHost: ${host}`;
      expect(await raw(callback, head)).toContain(" 400 ");
    }
    const page = visit(callback);
    expect((await callback.visit).get("code")).toBe("c1");
    callback.conclude();
    expect((await page).status).toBe(200);
  });

  test("walks on where a port is taken, and not where the port is the agreed one", async () => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data(): void {} } });
    await using callback = await listen({ port: other.port, ports: 8 });
    expect(Number(new URL(callback.redirectUri).port)).toBeGreaterThan(other.port);
    const refusal = await listen({ port: other.port }).catch((thrown) => thrown);
    expect([refusal.code, refusal.message]).toEqual([
      "callback_port_taken",
      `port ${other.port} is in use by another program`,
    ]);
  });

  test("under a name, is nobody else's on either family (B5)", async () => {
    await using callback = await listen({ host: "localhost" });
    expect(callback.redirectUri).toStartWith("http://localhost:");
    const { port } = new URL(callback.redirectUri);
    for (const hostname of ["127.0.0.1", "::1"]) {
      expect(() => Bun.listen({ hostname, port: Number(port), socket: { data(): void {} } })).toThrow();
    }
  });

  test("ends without a visit", async () => {
    const callback = await listen();
    await callback.close();
    expect(await visit(callback).catch(() => "refused")).toBe("refused");
  });
});
