/** Debian's nginx in front of servers: TLS with HTTP/2 on offer, compression, buffering, and a cookie for the way back. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Certificates } from "../harness/certificates.ts";
import { isAbsent } from "../harness/daemon.ts";
import { EverythingServer } from "../harness/everything_server.ts";
import { commandOf, Executable } from "../harness/executable.ts";
import { eventStream, FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { Nginx } from "../harness/nginx.ts";
import type { Role } from "../harness/sdk_client.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_AUTO_CLIENT } from "../harness/v2_client.ts";

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());
const { authority } = certificates;
const certificate = certificates.sign("front", "IP:127.0.0.1");
const ROLE: Role = { sample: () => "42", elicit: () => ({ action: "cancel" }), roots: () => [] };

describe.skipIf(isAbsent("nginx"))("behind nginx", () => {
  /** Two reference servers, of which each knows its own sessions alone. */
  let servers: EverythingServer[];
  beforeAll(async () => servers = await Promise.all([EverythingServer.start(), EverythingServer.start()]));
  afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

  for (const buffering of [true, false]) {
    for (const kind of [V1_CLIENT, V2_AUTO_CLIENT]) {
      test(`${kind.name} works with one of two servers, ${buffering ? "with" : "without"} buffering`, async () => {
        const backends = servers.map(({ url }) => Number(new URL(url).port));
        await using nginx = await Nginx.start({ certificate, backends, buffering });
        using home = new Home();
        const begun = servers.map((server) => server.begunSessions().length);
        await using client = await kind.overStdio(commandOf(home, nginx.url, "--ca", authority.cert), ROLE);
        for (let n = 0; n < 6; n++) {
          expect((await client.call("echo", { message: `${n}` })).content[0]!.text).toBe(`Echo: ${n}`);
        }
        expect((await client.sdk.listTools()).tools.length).toBeGreaterThan(5);
        const news = servers.map((server, n) => server.begunSessions().length - begun[n]!);
        expect(news.toSorted()).toEqual([0, 1]);
      });
    }
  }
});

describe.skipIf(isAbsent("nginx"))("the cookie of a load balancer", () => {
  test("brings every POST, stream and DELETE to the backend that knows the session", async () => {
    using one = new FakeMcp();
    using two = new FakeMcp();
    await using nginx = await Nginx.start({ certificate, backends: [one.port, two.port], buffering: false });
    await using bridge = new Executable(nginx.url, "--ca", authority.cert, "--debug");
    await bridge.initialize();
    const home = one.opened === 1 ? one : two;
    const stream = await home.streams.find(() => true);
    stream.send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" });
    await bridge.output.find((line) => line.includes("list_changed"));
    for (let id = 0; id < 10; id++) await bridge.request({ id, method: "tools/call", params: {} });
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    await home.seen.find(({ method }) => method === "DELETE");
    expect([one.opened + two.opened, one.deleted + two.deleted]).toEqual([1, 1]);
    const away = home === one ? two : one;
    expect(away.seen.items).toEqual([]);
    const cookies = home.seen.items.slice(1).map(({ headers }) => headers.get("cookie"));
    expect(new Set(cookies)).toEqual(new Set([`route=127.0.0.1:${home.port}`]));
    await bridge.stderr.ended;
    expect(`${bridge.stderr}`).not.toContain("route=");
  });

  test("is left out with --disable-cookies, so that requests go astray", async () => {
    using one = new FakeMcp();
    using two = new FakeMcp();
    one.offersStream = two.offersStream = false;
    await using nginx = await Nginx.start({ certificate, backends: [one.port, two.port], buffering: false });
    await using bridge = new Executable(nginx.url, "--ca", authority.cert, "--disable-cookies");
    await bridge.initialize();
    for (let id = 0; id < 4; id++) await bridge.request({ id, method: "tools/call", params: {} });
    const seen = [...one.seen.items, ...two.seen.items];
    expect(seen.filter(({ headers }) => headers.has("cookie"))).toEqual([]);
    expect([one.seen.items.length > 0, two.seen.items.length > 0]).toEqual([true, true]);
  });

  test("gives way to a Cookie header of the person", async () => {
    using server = new FakeMcp();
    await using nginx = await Nginx.start({ certificate, backends: [server.port], buffering: false });
    await using bridge = new Executable(nginx.url, "--ca", authority.cert, "--header", "Cookie: mine=1");
    await bridge.initialize();
    await bridge.request({ id: 1, method: "tools/call", params: {} });
    expect(server.seen.items.every(({ headers }) => headers.get("cookie") === "mine=1")).toBe(true);
  });
});

describe.skipIf(isAbsent("nginx"))("an event stream through nginx", () => {
  for (const buffering of [true, false]) {
    test(`gives its answer ${buffering ? "with" : "without"} buffering, and packed JSON its whole`, async () => {
      using server = new FakeMcp();
      server.on("tools/call", ({ message }) => {
        const { response, stream } = eventStream();
        stream.send({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
        stream.send({ jsonrpc: "2.0", id: message.id, result: { streamed: true } });
        stream.end();
        return response;
      });
      await using nginx = await Nginx.start({ certificate, backends: [server.port], buffering });
      await using bridge = new Executable(nginx.url, "--ca", authority.cert);
      await bridge.initialize();
      expect((await bridge.request({ id: 1, method: "tools/call", params: {} })).result).toEqual({ streamed: true });
      const pad = "long ".repeat(100_000);
      expect((await bridge.request({ id: 2, method: "tools/list", params: { pad } })).result.echo.pad).toBe(pad);
      expect(server.seen.items[0]!.headers.get("accept-encoding")).toBe("gzip, deflate, br");
    });
  }
});
