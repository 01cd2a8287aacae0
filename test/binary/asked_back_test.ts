/** What a server asks back while it is called from the shell. */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { EXECUTABLE } from "../../scripts/build.ts";
import { BrowserProgram } from "../harness/browser_program.ts";
import { type Outcome, unattendedOutcome } from "../harness/executable.ts";
import { eventStream, FakeMcp, type Json, type OpenStream, result } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { TerminalSession } from "../harness/terminal_session.ts";

const home = new Home();
afterAll(() => home[Symbol.dispose]());
let server: FakeMcp;
let host: string;

beforeEach(() => {
  server = new FakeMcp();
  host = new URL(server.url).host;
  server.on("tools/list", ({ message }) => result(message, { tools: [{ name: "t", inputSchema: {} }] }));
});
afterEach(() => server[Symbol.dispose]());

/** Calls the tool as a script does: nobody can be asked. */
function call(): Promise<Outcome> {
  return unattendedOutcome(home, {}, "call", server.url, "t");
}

function atTerminal(env: Record<string, string> = {}): TerminalSession {
  const settings = { env: { ...home.env, NO_COLOR: "1", ...env }, cwd: home.folder };
  return new TerminalSession([EXECUTABLE, "call", server.url, "t"], settings);
}

/** Has the next call ask something on its stream, and gives that. */
function asks(...requests: Json[]): Promise<{ stream: OpenStream; end(): void }> {
  const called = Promise.withResolvers<{ stream: OpenStream; end(): void }>();
  server.on("tools/call", ({ message }) => {
    const { response, stream } = eventStream();
    for (const request of requests) stream.send({ jsonrpc: "2.0", ...request });
    called.resolve({
      stream,
      end(): void {
        stream.send({ jsonrpc: "2.0", id: message.id, result: { content: [{ type: "text", text: "done" }] } });
        stream.end();
      },
    });
    return response;
  });
  return called.promise;
}

/** The answer to a request of the server's. */
async function answerTo(id: unknown): Promise<Json> {
  const { message } = await server.seen.find(({ message }) => message?.id === id && message?.method === undefined);
  return message!;
}

const QUESTION = {
  id: "q",
  method: "elicitation/create",
  params: { message: "Which?", requestedSchema: { type: "object", properties: { which: { type: "string" } } } },
};

describe("without a terminal", () => {
  test("the server learns that nobody can be asked, that there are no roots and no model, and that we live", async () => {
    const asked = asks(
      { id: "r", method: "roots/list" },
      { id: "s", method: "sampling/createMessage", params: { messages: [], maxTokens: 1 } },
      { id: "p", method: "ping" },
      { id: "u", method: "no/such" },
      QUESTION,
    );
    const called = call();
    const { end } = await asked;
    expect((await answerTo("r")).result).toEqual({ roots: [] });
    expect((await answerTo("p")).result).toEqual({});
    for (const id of ["s", "u", "q"]) expect((await answerTo(id)).error.code).toBe(-32601);
    end();
    const { stdout, stderr, exitCode } = await called;
    expect({ stdout, exitCode }).toEqual({ stdout: "done\n", exitCode: 0 });
    expect(stderr.split("\n").sort()).toEqual([
      "",
      "mcp-bridge: the server asks for a language model: there is none here",
      "mcp-bridge: warning: the server asks for input, and there is no terminal to ask you at",
    ]);
    expect(server.posted("initialize")[0]!.params.capabilities).toEqual({});
  });
});

test("a call waits until the server can ask back on a stream of its own, and for no stream that does not come", async () => {
  let stands = false;
  // The network is slow for both.
  server.on("initialize", async () => {
    await Bun.sleep(200);
    return undefined;
  });
  server.on("GET", async () => {
    await Bun.sleep(300);
    stands = true;
    return undefined;
  });
  const seen: boolean[] = [];
  server.on("tools/call", ({ message }) => {
    seen.push(stands);
    return result(message, { content: [{ type: "text", text: "done" }] });
  });
  expect((await call()).stdout).toBe("done\n");
  server.on("GET", () => new Promise(() => {}));
  expect((await call()).stdout).toBe("done\n");
  server.offersStream = false;
  server.on("GET", () => undefined);
  expect((await call()).stdout).toBe("done\n");
  expect(seen[0]).toBe(true);
});

test("a server that knows no such list offers nothing, and one that promised none is asked all the same", async () => {
  const unknown = { code: -32601, message: "Method not found" };
  server.on("prompts/list", ({ message }) => Response.json({ jsonrpc: "2.0", id: message.id, error: unknown }));
  const run = async (...words: string[]): Promise<string> =>
    await Bun.spawn([EXECUTABLE, ...words], { cwd: home.folder, env: home.env, stdout: "pipe" }).stdout.text();
  expect(await run("prompts", server.url)).toBe(`${host} offers no prompts\n`);
  expect(await run("prompts", server.url, "--json")).toBe('{"prompts":[]}\n');
  expect(server.posted("prompts/list")).toHaveLength(2);
});

describe.skipIf(process.platform === "win32")("at a terminal", () => {
  test("a question that the server takes back is gone, and the call goes on", async () => {
    const asked = asks(QUESTION);
    await using session = atTerminal();
    await session.shows("answer it? yes, no or cancel: ");
    const { stream, end } = await asked;
    stream.send({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: "q" } });
    await session.shows(`${host} does not want an answer any more\n`);
    end();
    expect(await session.exit()).toBe(0);
    expect(session.shown).toEndWith("done\n");
    expect(server.seen.items.filter(({ message }) => message?.id === "q" && message?.method === undefined)).toEqual([]);
    expect(server.posted("initialize")[0]!.params.capabilities).toEqual({ elicitation: { form: {}, url: {} } });
  });

  test("questions come one after the other, and what cannot be an answer is asked for again", async () => {
    const properties = {
      size: { type: "integer", minimum: 1, maximum: 3, title: "Size" },
      tags: { type: "array", items: { type: "string", enum: ["a", "b", "c"] }, maxItems: 2 },
      sure: { type: "boolean", default: 5 },
      mail: { type: "string", format: "email" },
      notes: { type: "array", items: { type: "string" } },
    };
    const first = {
      ...QUESTION,
      params: { message: "First?\u001b[31m", requestedSchema: { properties, required: ["size"] } },
    };
    const asked = asks(first, { ...QUESTION, id: "q2" });
    await using session = atTerminal();
    await session.shows("First?\\u{1b}[31m\n");
    const typed: [prompt: string, answer: string][] = [
      ["answer it? yes, no or cancel: ", "y"],
      ["a whole number from 1 to 3: ", "4"],
      ["that is not a whole number from 1 to 3\n    a whole number from 1 to 3: ", "2"],
      ["some of 1 to 3, up to 2 of them, with commas between, or nothing: ", "1,2,3"],
      ["that is not a choice of these, up to 2 of them\n    some of 1 to 3, up to 2 of them, with", "1, c"],
      ["true or false, or nothing: ", "no"],
      ["an e-mail address, or nothing: ", "nobody"],
      ["that is not an e-mail address\n    an e-mail address, or nothing: ", ""],
      ["a list, each of it text, with commas between, or nothing: ", "one, two"],
      ["send these answers? yes, no or cancel: ", "yes"],
      ["Which?\n", ""],
      ["answer it? yes, no or cancel: ", "no"],
    ];
    for (const [prompt, answer] of typed) {
      await session.shows(prompt);
      if (prompt !== "Which?\n") session.type(`${answer}\r`);
    }
    expect((await answerTo("q")).result).toEqual({
      action: "accept",
      content: { size: 2, tags: ["a", "c"], sure: false, notes: ["one", "two"] },
    });
    expect((await answerTo("q2")).result).toEqual({ action: "decline" });
    (await asked).end();
    expect(await session.exit()).toBe(0);
  });

  describe("a page that has to be seen first", () => {
    function needsPage(url = "https://pay.example/1"): void {
      server.on("tools/call", ({ message }) => {
        if (server.posted("tools/call").length > 1) {
          return result(message, { content: [{ type: "text", text: "done" }] });
        }
        const elicitations = [{ mode: "url", elicitationId: "e", url, message: "Pay first" }];
        return Response.json({
          jsonrpc: "2.0",
          id: message.id,
          error: { code: -32042, message: "pay", data: { elicitations } },
        });
      });
    }

    test("is opened once the person agrees, and the call is made again when they are done", async () => {
      using browser = new BrowserProgram(() => Promise.resolve(0));
      needsPage();
      await using session = atTerminal({ BROWSER: browser.path });
      await session.shows("(a page of pay.example)");
      await session.shows("open it in the browser? yes, no or cancel: ");
      expect(browser.openings.items).toEqual([]);
      session.type("yes\r");
      await session.shows("press Enter once you are done there: ");
      expect(browser.openings.items).toHaveLength(1);
      session.type("\r");
      expect(await session.exit()).toBe(0);
      expect(session.shown).toEndWith("done\n");
    });

    test("is left again when the server says that it was seen", async () => {
      using browser = new BrowserProgram(() => Promise.resolve(0));
      needsPage();
      await using session = atTerminal({ BROWSER: browser.path });
      await session.shows("open it in the browser? yes, no or cancel: ");
      session.type("yes\r");
      await session.shows("press Enter once you are done there: ");
      const news = await server.streams.find(() => true);
      news.send({ jsonrpc: "2.0", method: "notifications/elicitation/complete", params: { elicitationId: "e" } });
      expect(await session.exit()).toBe(0);
      expect(session.shown).toEndWith("done\n");
    });

    test("that is not wanted is not opened, and the call is not made again", async () => {
      using browser = new BrowserProgram(() => Promise.resolve(0));
      needsPage();
      await using session = atTerminal({ BROWSER: browser.path });
      await session.shows("open it in the browser? yes, no or cancel: ");
      session.type("no\r");
      expect(await session.exit()).toBe(1);
      expect(session.shown).toContain("wants a page to be seen first, and you did not open it");
      expect(browser.openings.items).toEqual([]);
      expect(server.posted("tools/call")).toHaveLength(1);
    });

    test("at an address that is none of the web's is not opened at all", async () => {
      using browser = new BrowserProgram(() => Promise.resolve(0));
      for (const url of ["file:///etc/passwd", "javascript:alert(1)", "no address"]) {
        using other = new FakeMcp();
        server[Symbol.dispose]();
        server = other;
        server.on("tools/list", ({ message }) => result(message, { tools: [{ name: "t", inputSchema: {} }] }));
        needsPage(url);
        await using session = atTerminal({ BROWSER: browser.path });
        expect(await session.exit()).toBe(1);
        expect(session.shown).toContain(`it names no page that can be opened: ${url}\n`);
      }
      expect(browser.openings.items).toEqual([]);
    });
  });
});
