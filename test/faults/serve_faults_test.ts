/** What may befall an endpoint that many clients use: floods, servers that come back, connections that break, its own death. */
import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { ENTRY } from "../harness/everything_server.ts";
import { eventStream, FakeMcp, type Json, result } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { memory, peakMemory } from "../harness/memory.ts";
import { roleOf, textOf } from "../harness/sdk_client.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { V1_CLIENT } from "../harness/v1_client.ts";
import { V2_LEGACY_CLIENT } from "../harness/v2_client.ts";

const MIB = 1_048_576;
const CALL = { method: "tools/call", params: { name: "x", arguments: {} } };

describe("a flood", () => {
  test("of 1,000 connections, most of which say rubbish or nothing, leaves others unaffected", async () => {
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const session = await serve.open("/mcp/a");
    await (await serve.post("/mcp/a", { id: 0, ...CALL }, session)).text();
    const host = `Host: 127.0.0.1:${serve.port}\r\n`;
    const posted = (headers: string, body: string): string =>
      `POST /mcp/a HTTP/1.1\r\n${host}${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
    const authorized = `Authorization: Bearer ${serve.token}\r\nContent-Type: application/json\r\n`;
    const said: readonly [text: string, status: string | undefined][] = [
      ["", undefined],
      [`POST /mcp/a HTTP/1.1\r\n${host}`, undefined],
      ["\x16\x03\x01\x02\x00\x01\x00", "400"],
      [`GET /mcp/a HTTP/1.1\r\n\r\n`, "400"],
      [`GET /mcp/a HTTP/1.1\r\n${host}\r\n`, "401"],
      [posted("Authorization: Bearer wrong\r\n", "{}"), "401"],
      [posted(authorized, "{"), "400"],
      [posted(authorized, "null"), "400"],
      [posted(authorized, JSON.stringify({ jsonrpc: "2.0", id: 1, ...CALL })), "400"],
      [posted(`${authorized}Mcp-Session-Id: x\r\n`, '{"jsonrpc":"2.0","id":1,"method":"ping"}'), "404"],
    ];
    const sockets: Socket[] = [];
    const wrong: string[] = [];
    let answered = 0;
    for (let n = 0; n < 1_000; n++) {
      const [text, status] = said[n % said.length]!;
      const socket = connect(serve.port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      socket.once("data", (chunk) => {
        answered++;
        const first = String(chunk).split("\r\n")[0]!;
        if (!first.startsWith(`HTTP/1.1 ${status}`)) wrong.push(`${JSON.stringify(text)}: ${first}`);
      });
      if (text !== "") socket.write(text);
    }
    try {
      const start = performance.now();
      const others = await Promise.all(
        Array.from(
          { length: 64 },
          async (_, id) => await (await serve.post("/mcp/a", { id: id + 1, ...CALL }, session)).json() as Json,
        ),
      );
      expect(performance.now() - start).toBeLessThan(3_000);
      expect(others.every((answer, id) => answer.id === id + 1 && answer.result !== undefined)).toBe(true);
      while (answered < 800 && wrong.length === 0) await Bun.sleep(10);
      expect(wrong).toEqual([]);
      await serve.open("/mcp/a");
      expect(memory(serve.pid)).toBeLessThan(150 * MIB);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    expect(server.opened).toBe(2);
  }, 30_000);

  test("of sessions ends at the limit, and those that are there go on", async () => {
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ a: { url: server.url } }, { flags: ["--max-sessions", "50"] });
    const first = await serve.open("/mcp/a");
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } };
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => serve.post("/mcp/a", { id: 1, method: "initialize", params })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(49);
    expect(statuses.filter((status) => status === 503)).toHaveLength(151);
    expect(await (await serve.post("/mcp/a", { id: 2, ...CALL }, first)).json()).toMatchObject({ id: 2, result: {} });
  });

  test("of bytes to a client that does not read them is held back, and others are served meanwhile", async () => {
    using server = new FakeMcp();
    let sent = 0;
    const text = "x".repeat(MIB / 4);
    server.on("tools/call", ({ message }) => {
      if (message.params.name !== "flood") return result(message, {});
      const head = new TextEncoder().encode(
        `data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"${text}"}}\n\n`,
      );
      const body = new ReadableStream<Uint8Array>({
        async pull(controller): Promise<void> {
          if (sent >= 400) return await new Promise(() => {});
          sent++;
          controller.enqueue(head);
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const [slow, other] = [await serve.open("/mcp/a"), await serve.open("/mcp/a")];
    const before = memory(serve.pid);
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "flood" } });
    const headers = { ...serve.headers, ...slow, "content-type": "application/json", "content-length": body.length };
    const socket = connect(serve.port, "127.0.0.1");
    socket.pause();
    socket.on("error", () => {});
    socket.write(
      `POST /mcp/a HTTP/1.1\r\nhost: 127.0.0.1:${serve.port}\r\n` +
        `${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`,
    );
    try {
      for (let last = -1; last < sent || sent === 0;) {
        last = sent;
        for (let id = 0; id < 20; id++) {
          expect((await serve.post("/mcp/a", { id, ...CALL }, other)).status).toBe(200);
        }
        await Bun.sleep(500);
      }
      expect(sent).toBeLessThan(200);
      expect(memory(serve.pid) - before).toBeLessThan(60 * MIB);
    } finally {
      socket.destroy();
    }
  }, 30_000);
});

describe("memory of the endpoint is bounded (A12)", () => {
  test("while ten clients send 60 MiB each and do not come to an end, and others are served meanwhile", async () => {
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const session = await serve.open("/mcp/a");
    const own = { ...serve.headers, ...session, "content-type": "application/json", "content-length": 60 * MIB };
    const head = Object.entries(own).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const sockets = Array.from({ length: 10 }, () => connect(serve.port, "127.0.0.1"));
    try {
      for (const socket of sockets) {
        socket.on("error", () => {});
        socket.write(`POST /mcp/a HTTP/1.1\r\nhost: 127.0.0.1:${serve.port}\r\n${head}\r\n`);
        socket.write(Buffer.alloc(59 * MIB, 120));
      }
      const unsent = (): number => sockets.reduce((sum, { writableLength }) => sum + writableLength, 0);
      for (let last = -1; last !== unsent();) {
        last = unsent();
        await Bun.sleep(1_000);
      }
      expect(await serve.answers("/mcp/a", { id: 2, ...CALL }, session)).toMatchObject([{ id: 2, result: {} }]);
      // All but one share 64 MiB, and one may always go on.
      expect(peakMemory(serve.pid)).toBeLessThan(250 * MIB);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }, 60_000);

  test("when a server's list of tools has no end: what has come of it is the list", async () => {
    using server = new FakeMcp();
    const description = "x".repeat(MIB);
    let pages = 0;
    server.on("tools/list", ({ message }) => {
      const tool = { name: `t${++pages}`, description, inputSchema: { type: "object" } };
      return result(message, { tools: [tool], nextCursor: `c${pages}` });
    });
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    const session = await serve.open("/mcp");
    const [answer] = await serve.answers("/mcp", { id: 1, method: "tools/list" }, session);
    expect(answer!.result.tools.length).toBeWithin(5, 12);
    expect(peakMemory(serve.pid)).toBeLessThan(150 * MIB);
  }, 60_000);
});

describe("a server that is restarted under load", () => {
  test.each(["auto", "always"] as const)(
    'leaves no request without an answer and none with two, and is met again within 2 s (share: "%s")',
    async (share) => {
      using server = new FakeMcp();
      await using serve = await ServeExecutable.start({ a: { url: server.url, share } });
      const sessions = await Promise.all(Array.from({ length: 8 }, () => serve.open("/mcp/a")));
      let over = false;
      let backAt = Infinity;
      let firstAt: number | undefined;
      let results = 0;
      const faults: unknown[] = [];
      const load = sessions.flatMap((session, client) =>
        [0, 1, 2, 3].map(async (lane) => {
          for (let n = 0; !over; n++) {
            const id = `${client} ${lane} ${n}`;
            // What may do something is not sent again where that is in doubt, and is told so.
            const message = lane === 3 ? CALL : { method: "tools/list" };
            const answers = await serve.answers("/mcp/a", { id, ...message }, session);
            if (answers.length !== 1 || answers[0]!.id !== id) faults.push([id, answers]);
            if (answers[0]?.result !== undefined) {
              results++;
              if (performance.now() > backAt) firstAt ??= performance.now();
            }
          }
        })
      );
      while (results < 200) await Bun.sleep(10);
      server.stop();
      await Bun.sleep(1_000);
      server.restart();
      backAt = performance.now();
      while (firstAt === undefined && performance.now() - backAt < 5_000) await Bun.sleep(10);
      const before = results;
      while (results < before + 200) await Bun.sleep(10);
      over = true;
      await Promise.all(load);
      expect(faults).toEqual([]);
      expect(firstAt! - backAt).toBeLessThan(2_000);
    },
    60_000,
  );
});

describe("a connection to the endpoint that breaks in the midst of a call", () => {
  test.each([V1_CLIENT, V2_LEGACY_CLIENT])("costs $name nothing: it comes back for the answer", async (kind) => {
    using server = new FakeMcp();
    const gate = Promise.withResolvers<void>();
    server.on("tools/call", ({ message }) => {
      const { response, stream } = eventStream();
      const { progressToken } = message.params._meta;
      stream.send({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken, progress: 1 } });
      void gate.promise.then(() => {
        stream.send({ jsonrpc: "2.0", id: message.id, result: { content: [{ type: "text", text: "late" }] } });
        stream.end();
      });
      return response;
    });
    await using serve = await ServeExecutable.start({ a: { url: server.url } });
    using proxy = await ChaosProxy.inFrontOf(serve.port);
    // The proxy is a part of the way alone: the request is for the endpoint.
    const headers = { ...serve.headers, host: `127.0.0.1:${serve.port}` };
    await using client = await kind.overHttp(`${new URL(proxy.url).origin}/mcp/a`, roleOf(), headers);
    await server.streams.find(() => true);
    const begun = Promise.withResolvers<void>();
    const call = client.call("x", {}, { onprogress: () => begun.resolve() });
    await begun.promise;
    proxy.cutAll();
    gate.resolve();
    expect(textOf(await call)).toBe("late");
    expect(server.posted("tools/call")).toHaveLength(1);
  });
});

describe("an endpoint that is killed", () => {
  test("leaves nothing behind that keeps the next one from its place, nor the programs that it started", async () => {
    using home = new Home();
    using server = new FakeMcp();
    const pidFile = join(home.folder, "pid");
    const servers = {
      a: { url: server.url },
      program: {
        command: "sh",
        args: ["-c", 'echo $$ > "$0"; exec "$@"', pidFile, process.execPath, ENTRY, "stdio"],
      },
    };
    let port: number;
    let token: string;
    {
      await using serve = await ServeExecutable.start(servers, { home });
      ({ port, token } = serve);
      for (const path of ["/mcp/a", "/mcp/program"]) await serve.open(path);
      serve.kill("SIGKILL");
      await serve.exit(1_000);
    }
    const pid = Number(await Bun.file(pidFile).text());
    const start = performance.now();
    while (isAlive(pid) && performance.now() - start < 5_000) await Bun.sleep(20);
    expect(isAlive(pid)).toBe(false);
    await using next = await ServeExecutable.start(servers, { home, flags: ["--port", String(port)] });
    expect([next.port, next.token]).toEqual([port, token]);
    for (const path of ["/mcp/a", "/mcp/program"]) {
      const session = await next.open(path);
      const answers = await next.answers(path, { id: 1, method: "tools/list" }, session);
      expect(answers).toMatchObject([{ id: 1, result: {} }]);
    }
  }, 30_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
