/** A credential that a person gave as a header: it goes to the server and nowhere else (B10, L12, L26). */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Executable, type Message } from "../harness/executable.ts";
import { body, type Exchange, FakeMcp } from "../harness/fake_mcp.ts";
import { freePort } from "../harness/free_port.ts";
import { Home } from "../harness/home.ts";
import { type Finding, sweep } from "../harness/secret_sweep.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";

const MARK = `marked${crypto.randomUUID().replaceAll("-", "")}`;

type Source = (home: Home) => { env: Record<string, string>; words: string[] };

const SOURCES: [name: string, source: Source][] = [
  ["a variable in --header", () => ({ env: { TOKEN: MARK }, words: ["--header", "Authorization: Bearer ${TOKEN}"] })],
  ["--header-file", (home) => {
    const file = join(home.folder, "headers.txt");
    writeFileSync(file, `Authorization: Bearer ${MARK}\nX-Api-Key: ${MARK}\n`);
    return { env: {}, words: ["--header-file", file] };
  }],
];

/** Where the secret stands in what a bridge said. */
function saidBy({ output, stderr }: Executable): Finding[] {
  return sweep([MARK], { outputs: { stdout: output, stderr } });
}

/** Asks something of the bridge, lets it end, and looks for the secret in all that it said. */
async function secretsIn(bridge: Executable, words: string[]): Promise<{ answer: Message; found: Finding[] }> {
  const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
  const commandLine = process.platform === "linux" ? readFileSync(`/proc/${bridge.pid}/cmdline`, "utf8") : words.join();
  bridge.endInput();
  await bridge.exit(3_000);
  await Promise.all([bridge.output.ended, bridge.stderr.ended]);
  return { answer, found: [...saidBy(bridge), ...sweep([MARK], { outputs: { arguments: commandLine } })] };
}

const FAILURES: [what: string, answer: (id: unknown) => Response, code: string][] = [
  ["401", () => new Response("who?", { status: 401, headers: { "www-authenticate": "Bearer" } }), "sign_in_required"],
  ["403", () => new Response("no", { status: 403 }), "http_status"],
  ["404 of the session", () => new Response("gone", { status: 404 }), "session_lost"],
  ["429", () => new Response("", { status: 429 }), "busy"],
  ["500", () => new Response("oops", { status: 500 }), "http_status"],
  ["202", () => new Response(null, { status: 202 }), "no_answer"],
  ["HTML", () => body("<html>", "text/html"), "bad_answer"],
  ["broken JSON", () => body("{"), "bad_answer"],
  ["a redirect to another origin", () => Response.redirect("http://localhost:9/mcp", 307), "bad_answer"],
  ["a redirect that loses the request", () => Response.redirect("/x", 302), "bad_answer"],
  ["a stream without an answer", () => body(": x\n\n", "text/event-stream"), "no_answer"],
];

/** What a server says that repeats what it was sent, as pages for developers do; `echo` are those headers. */
const ECHOES: [what: string, answer: (echo: string) => Response, code: string][] = [
  ["an error page", (echo) => new Response(`debug page\n${echo}`, { status: 500 }), "http_status"],
  ["a page of 403", (echo) => new Response(echo, { status: 403 }), "http_status"],
  ["a page in place of JSON", (echo) => body(echo, "text/html"), "bad_answer"],
  ["JSON that is no message", (echo) => body(JSON.stringify({ echo })), "bad_answer"],
  [
    "an event that is no message",
    (echo) => body(`data: ${echo.replaceAll("\n", " ")}\n\n`, "text/event-stream"),
    "bad_answer",
  ],
  ["a redirect", (echo) => Response.redirect(`/login?from=${encodeURIComponent(echo)}`, 302), "bad_answer"],
];

describe.each(SOURCES)("the secret of %s is in no output and no argument (B10)", (_name, source) => {
  test("when all goes well, and the server has it in each request", async () => {
    using home = new Home();
    using server = new FakeMcp();
    const { env, words } = source(home);
    await using bridge = new Executable({ env }, server.url, "--debug", ...words);
    await bridge.initialize();
    await server.streams.find(() => true);
    expect(await secretsIn(bridge, words)).toMatchObject({ answer: { result: {} }, found: [] });
    expect(server.seen.items.map(({ method }) => method)).toContain("DELETE");
    for (const { headers } of server.seen.items) expect(headers.get("authorization")).toBe(`Bearer ${MARK}`);
  });

  for (const [what, answer, code] of FAILURES) {
    test(`when the server answers ${what}`, async () => {
      using home = new Home();
      using server = new FakeMcp();
      server.offersStream = false;
      server.on("tools/call", ({ message }) => answer(message.id));
      const { env, words } = source(home);
      await using bridge = new Executable({ env }, server.url, "--debug", ...words);
      await bridge.initialize();
      const { answer: { error }, found } = await secretsIn(bridge, words);
      expect(error.data.code).toBe(code);
      expect(found).toEqual([]);
    });
  }

  for (const [what, answer, code] of ECHOES) {
    test(`when the server repeats the headers that it is sent in ${what}`, async () => {
      using home = new Home();
      using server = new FakeMcp();
      server.offersStream = false;
      const echoed = ({ request }: Exchange): Response => {
        const told = [...request.headers].filter(([name]) => name === "authorization" || name === "x-api-key");
        return answer(told.map(([name, value]) => `${name}: ${value}`).join("\n"));
      };
      server.on("tools/call", echoed);
      server.on("notifications/x", echoed);
      const { env, words } = source(home);
      await using bridge = new Executable({ env }, server.url, "--debug", ...words);
      await bridge.initialize();
      bridge.send({ jsonrpc: "2.0", method: "notifications/x" });
      const { answer: { error }, found } = await secretsIn(bridge, words);
      expect(error.data.code).toBe(code);
      expect(error.message).toContain("***");
      expect(found).toEqual([]);
    });
  }

  test("when the server is down", async () => {
    using home = new Home();
    const { env, words } = source(home);
    const url = `http://127.0.0.1:${await freePort()}/mcp`;
    await using bridge = new Executable({ env }, url, "--debug", "--sign-in-grace", "0.2", ...words);
    await bridge.initialize();
    await bridge.stderr.find((line) => line.includes("no session with the server yet"));
    bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/call" });
    bridge.endInput();
    await bridge.exit(3_000);
    await Promise.all([bridge.output.ended, bridge.stderr.ended]);
    expect(saidBy(bridge)).toEqual([]);
  });

  test("when the connection is reset, or answers something that is not HTTP", async () => {
    using home = new Home();
    const { env, words } = source(home);
    for (const answer of ["", "SSH-2.0-x\r\n"]) {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => answer === "" ? socket.resetAndDestroy() : socket.end(answer));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      await using bridge = new Executable({ env }, `http://127.0.0.1:${port}/mcp`, "--debug", ...words);
      const { answer: { error }, found } = await secretsIn(bridge, words);
      expect(error.data.code).toBeOneOf(["outcome_unknown", "bad_answer"]);
      expect(found).toEqual([]);
      server.close();
    }
  });
});

test("a token of a sign-in is in no error that quotes a server which repeats it (B10)", async () => {
  using scene = new SignInScene();
  const { server, home, browser, as } = scene;
  const page = ({ request }: Exchange): Response => new Response(request.headers.get("authorization"), { status: 500 });
  server.on("tools/call", page);
  server.on("notifications/x", page);
  await using bridge = new Executable({ env: { ...home.env, ...browser.env } }, server.url);
  await bridge.initialize();
  bridge.send({ jsonrpc: "2.0", method: "notifications/x" });
  const { error } = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
  expect(error.message).toContain('500 "***"');
  expect(await bridge.stderr.find((line) => line.includes("notifications/x did not reach"))).toContain('500 "***"');
  expect(sweep([as.tokens.marker], { outputs: { stdout: bridge.output, stderr: bridge.stderr } })).toEqual([]);
});

describe("a header line that is wrong is not shown, since it may hold a secret (B10)", () => {
  const WRONG: [lines: string, env: Record<string, string>][] = [
    [`Authorization Bearer ${MARK}`, {}],
    [`Autho rization: ${MARK}`, {}],
    [`Host: ${MARK}`, {}],
    [`Authorization: ${MARK}\u20ac`, {}],
    ["Authorization: Bearer ${TOKEN}", { TOKEN: `${MARK}\n` }],
    [`Authorization: ${MARK}\${NOT_SET}`, {}],
  ];
  test.each(WRONG)("%p", async (line, env) => {
    using home = new Home();
    const file = join(home.folder, "headers.txt");
    writeFileSync(file, line);
    await using bridge = new Executable({ env }, "https://mcp.example.com/mcp", "--debug", "--header-file", file);
    expect(await bridge.exit(2_000)).toBe(2);
    await bridge.stderr.ended;
    expect(bridge.stderr.items[0]).toStartWith("mcp-bridge: error: ");
    expect(saidBy(bridge)).toEqual([]);
  });
});

describe("a redirect to another origin carries nothing there (A6, L12)", () => {
  // The name is another origin than the number, and so is another port.
  const METHODS = ["POST", "GET", "DELETE"];
  for (const status of [301, 302, 303, 307, 308]) {
    for (const host of ["127.0.0.1", "localhost"]) {
      test(`${status} to ${host} on another port`, async () => {
        using home = new Home();
        using other = new FakeMcp();
        using server = new FakeMcp();
        const location = other.url.replace("127.0.0.1", host);
        const redirect = (): Response => new Response(null, { status, headers: { location } });
        for (const method of [...METHODS, "tools/call"]) server.on(method, redirect);
        const { env, words } = SOURCES[1]![1](home);
        await using bridge = new Executable({ env }, server.url, "--debug", ...words);
        await bridge.initialize();
        await server.seen.find(({ method }) => method === "GET");
        const { answer: { error }, found } = await secretsIn(bridge, words);
        expect(error.data.code).toBe("bad_answer");
        expect(found).toEqual([]);
        expect(server.seen.items.map(({ method }) => method)).toContain("DELETE");
        expect(other.seen.items).toEqual([]);
      });
    }
  }

  test("nor does one of the handshake", async () => {
    using home = new Home();
    using other = new FakeMcp();
    using server = new FakeMcp();
    server.on("initialize", () => Response.redirect(other.url, 307));
    const { env, words } = SOURCES[1]![1](home);
    await using bridge = new Executable({ env }, server.url, ...words);
    const { error } = await bridge.initialize();
    expect(error.data.code).toBe("bad_answer");
    expect(error.message).toContain(new URL(other.url).origin);
    expect(other.seen.items).toEqual([]);
  });
});
