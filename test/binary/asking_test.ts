/** `tools`, `call`, `resources` and `prompts` at real servers of both eras, by scripts and at a terminal. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { DualEraServer, type Era } from "../conformance/dual_era_server.ts";
import { BrowserProgram } from "../harness/browser_program.ts";
import { EverythingServer } from "../harness/everything_server.ts";
import { type Outcome, outcomeOf, unattendedOutcome } from "../harness/executable.ts";
import { FakeMcp, result } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { TerminalSession } from "../harness/terminal_session.ts";

const home = new Home();
let everything: EverythingServer;
beforeAll(async () => {
  everything = await EverythingServer.start();
  mkdirSync(home.env["MCP_BRIDGE_HOME"]!, { recursive: true, mode: 0o700 });
  const servers = { mcpServers: { everything: { url: everything.url } } };
  writeFileSync(join(home.env["MCP_BRIDGE_HOME"]!, "servers.json"), JSON.stringify(servers), { mode: 0o600 });
});
afterAll(async () => {
  await everything[Symbol.asyncDispose]();
  home[Symbol.dispose]();
});

/** Runs a command as a script does: nobody can be asked. */
function run(...words: string[]): Promise<Outcome> {
  return unattendedOutcome(home, {}, ...words);
}

function atTerminal(words: readonly string[], env: Record<string, string> = {}): TerminalSession {
  const settings = { env: { ...home.env, NO_COLOR: "1", ...env }, cwd: home.folder };
  return new TerminalSession([EXECUTABLE, ...words], settings);
}

function said(...lines: string[]): string {
  return lines.map((line) => `mcp-bridge: ${line}\n`).join("");
}

describe.skipIf(process.platform === "win32")("a server by its name", () => {
  test("shows its tools as one types them, and ends the session that it took", async () => {
    const { stdout, stderr, exitCode } = await run("tools", "everything");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toContain("echo message=TEXT\n  Echoes back the input string\n");
    expect(stdout).toContain(
      "get-annotated-message messageType=error|success|debug\n    [includeImage=true|false]\n",
    );
    expect(stdout).not.toContain("\u001b");
    const session = everything.begunSessions().at(-1)!;
    await everything.sessionEnded(session);
  });

  test("shows one tool whole, and how it is called", async () => {
    const { stdout, exitCode } = await run("tools", "everything", "get-sum");
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`get-sum (Get Sum Tool)

Returns the sum of two numbers

arguments:
  a  a number, required
      First number
  b  a number, required
      Second number

by the server's word it only reads, destroys nothing, may be called twice
without harm, stays within its own data

call it with:
  mcp-bridge call everything get-sum a=NUMBER b=NUMBER
`);
  });

  test("is called with words that become what the schema wants", async () => {
    expect(await run("call", "everything", "get-sum", "a=1", "b=2.5")).toEqual({
      stdout: "The sum of 1 and 2.5 is 3.5.\n",
      stderr: "",
      exitCode: 0,
    });
    expect((await run("call", "everything", "get-sum", "--args", '{"a":1}', "b=2")).stdout).toContain("is 3.");
    writeFileSync(join(home.folder, "sum.json"), '{"a":4,"b":5}');
    expect((await run("call", "everything", "get-sum", "--args", "@sum.json")).stdout).toContain("is 9.");
  });

  test("is sent nothing that it would refuse", async () => {
    const before = everything.begunSessions().length;
    expect(await run("call", "everything", "get-sum", "a=one", "b=2")).toEqual({
      stdout: "",
      stderr: said(
        'error: "a" cannot be "one": it takes a number',
        'hint: "mcp-bridge tools everything get-sum" shows what is said of it',
      ),
      exitCode: 2,
    });
    expect((await run("call", "everything", "get-sum", "a=1")).stderr).toContain(
      'the argument "b" of "get-sum" is missing',
    );
    expect((await run("call", "everything", "get-smu")).stderr).toContain('did you mean "get-sum"?');
    expect(everything.begunSessions().length).toBe(before + 3);
  });

  test("gives the result as it was sent, for programs", async () => {
    const { stdout } = await run("call", "everything", "echo", "message=hi", "--json");
    expect(JSON.parse(stdout)).toEqual({ content: [{ type: "text", text: "Echo: hi" }] });
    const tools = JSON.parse((await run("tools", "everything", "--json")).stdout).tools;
    expect(tools.map(({ name }: { name: string }) => name)).toContain("echo");
    const tool = JSON.parse((await run("tools", "everything", "echo", "--json")).stdout);
    expect(tool.inputSchema.required).toEqual(["message"]);
  });

  test("gives an image into a file, and says what it is otherwise", async () => {
    const { stdout, stderr } = await run("call", "everything", "get-tiny-image");
    expect(stdout).toBe("Here's the image you requested:\nThe image above is the MCP logo.\n");
    expect(stderr).toBe(said('image/png, 4033 bytes: "--output FILE" saves it'));
    const saved = await run("call", "everything", "get-tiny-image", "--output", "logo.png");
    expect(saved.stderr).toBe(said('"logo.png" holds image/png, 4033 bytes'));
    expect(readFileSync(join(home.folder, "logo.png")).subarray(1, 4).toString()).toBe("PNG");
    expect((await run("call", "everything", "get-tiny-image", "--output", "no/such/logo.png")).exitCode).toBe(2);
  });

  test("shows and reads resources, and shows and gets prompts", async () => {
    const { stdout } = await run("resources", "everything");
    expect(stdout).toContain("demo://resource/static/document/features.md\n  features.md (text/markdown)");
    expect(stdout).toContain("\ntemplates:\ndemo://resource/dynamic/text/{resourceId}\n");
    expect((await run("resources", "everything", "demo://resource/dynamic/text/1")).stdout).toStartWith("Resource 1: ");
    const lists = JSON.parse((await run("resources", "everything", "--json")).stdout);
    expect(Object.keys(lists)).toEqual(["resources", "resourceTemplates"]);
    expect((await run("prompts", "everything")).stdout).toContain("args-prompt city=TEXT [state=TEXT]\n");
    expect((await run("prompts", "everything", "args-prompt", "city=Bern")).stdout).toBe(
      "user:\nWhat's weather in Bern?\n",
    );
    expect((await run("prompts", "everything", "args-prompt")).stderr).toContain('"city" of "args-prompt" is missing');
  });

  test("is told where nobody can be asked, and says what it makes of that", async () => {
    const { stderr, exitCode } = await run("call", "everything", "trigger-elicitation-request");
    expect(exitCode).toBe(2);
    expect(stderr).toContain('has no tool "trigger-elicitation-request"');
  });
});

describe.each<Era>(["legacy", "modern"])("a server of the %s era", (era) => {
  test("is listed, called, read and asked for prompts", async () => {
    await using server = new DualEraServer({ era });
    expect((await run("tools", server.url)).stdout).toContain("test_simple_text\n  Gives a text\n");
    expect((await run("call", server.url, "test_simple_text")).stdout).toBe(
      "This is a simple text response for testing.\n",
    );
    expect(await run("call", server.url, "test_error_handling")).toEqual({
      stdout: "This tool intentionally returns an error for testing\n",
      stderr: said(`error: "test_error_handling" of ${new URL(server.url).host} says that it failed`),
      exitCode: 1,
    });
    expect((await run("resources", server.url, "test://static-text")).exitCode).toBe(0);
    const words = ["test_prompt_with_arguments", "arg1=hello", "arg2=world"];
    expect((await run("prompts", server.url, ...words)).stdout).toContain("hello");
  }, 30_000);

  test("asks at the terminal, field by field, and gets what was said", async () => {
    await using server = new DualEraServer({ era });
    await using session = atTerminal(["call", server.url, "test_elicitation", "message=Who?"]);
    await session.shows("asks:\n  Who?\n");
    await session.shows("answer it? yes, no or cancel: ");
    session.type("\r");
    await session.shows("answer it? yes, no or cancel: ");
    session.type("yes\r");
    await session.shows("username: User's response\n    text: ");
    session.type("\r");
    await session.shows("this one is required\n    text: ");
    session.type("ann\r");
    await session.shows("email: User's email address\n    text: ");
    session.type("a@b.example\r");
    await session.shows("send these answers? yes, no or cancel: ");
    session.type("yes\r");
    expect(await session.exit()).toBe(0);
    expect(session.shown).toContain('action=accept, content={"username":"ann","email":"a@b.example"}');
  }, 30_000);

  test("takes defaults for Enter, and choices by number or by name", async () => {
    await using server = new DualEraServer({ era });
    await using defaults = atTerminal(["call", server.url, "test_elicitation_sep1034_defaults"]);
    await defaults.shows("answer it?");
    defaults.type("y\r");
    for (const prompt of ["[John Doe]: ", "[30]: ", "[95.5]: ", "[active]: ", "[true]: "]) {
      await defaults.shows(prompt);
      defaults.type("\r");
    }
    await defaults.shows("send these answers?");
    defaults.type("y\r");
    expect(await defaults.exit()).toBe(0);
    expect(defaults.shown).toContain('"age":30');
  }, 30_000);

  test.each(["no", "cancel", "\u0004"])("hears %j as what it is", async (answer) => {
    await using server = new DualEraServer({ era });
    await using session = atTerminal(["call", server.url, "test_elicitation", "message=Who?"]);
    await session.shows("answer it? yes, no or cancel: ");
    session.type(answer === "\u0004" ? answer : `${answer}\r`);
    await session.exit();
    expect(session.shown).toContain(answer === "no" ? "decline" : "cancel");
  }, 30_000);

  test("has a page opened once the person has said so, and not before", async () => {
    using browser = new BrowserProgram(() => Promise.resolve(0));
    await using server = new DualEraServer({ era });
    for (const answer of ["no", "yes"]) {
      await using session = atTerminal(["call", server.url, "test_url_elicitation"], { BROWSER: browser.path });
      await session.shows("\n  https://pay.example/42\n  (a page of pay.example)\n");
      await session.shows("open it in the browser? yes, no or cancel: ");
      expect(browser.openings.items).toEqual([]);
      session.type(`${answer}\r`);
      await session.exit();
      expect(session.shown).toContain(answer === "no" ? "decline" : "accept");
    }
    expect(browser.openings.items.map(({ args }) => args)).toEqual([["https://pay.example/42"]]);
  }, 30_000);
});

describe.skipIf(process.platform === "win32")("at a terminal", () => {
  test("Ctrl-C cancels the call at the server, ends the session, and leaves no line behind", async () => {
    await using server = new DualEraServer({ era: "legacy" });
    await using session = atTerminal(["call", server.url, "test_waiting_tool"]);
    await session.shows(`asking ${new URL(server.url).host} (1 s)`);
    session.type("\u0003");
    expect(await session.exit()).toBe(130);
    expect(session.shown).toEndWith("\r\u001b[K");
    await server.waits.find((wait) => wait !== "begun");
  }, 30_000);

  test("Ctrl-C is told to the server before the session ends, once each", async () => {
    using server = new FakeMcp();
    server.on("tools/list", ({ message }) => result(message, { tools: [{ name: "t", inputSchema: {} }] }));
    server.on("tools/call", () => new Promise<never>(() => {}));
    await using session = atTerminal(["call", server.url, "t"]);
    await server.seen.find(({ message }) => message?.method === "tools/call");
    const [call] = server.posted("tools/call");
    session.type("\u0003");
    expect(await session.exit()).toBe(130);
    const [cancelled, ...more] = server.posted("notifications/cancelled");
    expect(cancelled!.params).toMatchObject({ requestId: call!.id });
    expect(more).toEqual([]);
    expect([server.opened, server.deleted]).toEqual([1, 1]);
  });

  test("Ctrl-C at a question ends all likewise", async () => {
    await using server = new DualEraServer({ era: "legacy" });
    await using session = atTerminal(["call", server.url, "test_elicitation", "message=Who?"]);
    await session.shows("answer it? yes, no or cancel: ");
    session.type("\u0003");
    expect(await session.exit()).toBe(130);
  });

  test("progress is shown while it is waited for, and nothing of it stays", async () => {
    const words = ["call", everything.url, "trigger-long-running-operation", "duration=2", "steps=4"];
    await using session = atTerminal(words);
    await session.shows(`${new URL(everything.url).host}: 50 % (1 s)`);
    await session.shows("\r\u001b[KLong running operation completed");
    expect(await session.exit()).toBe(0);
  }, 30_000);

  test("what a server says cannot reach it: escapes are written out", async () => {
    using server = new FakeMcp();
    const evil = "\u001b]0;owned\u0007\u202e";
    server.on(
      "tools/list",
      ({ message }) =>
        result(message, { tools: [{ name: `x${evil}`, description: `d${evil}.`, inputSchema: {} }, { name: "t" }] }),
    );
    server.on("tools/call", ({ message }) => result(message, { content: [{ type: "text", text: `text${evil}` }] }));
    for (const words of [["tools", server.url], ["call", server.url, "t"], ["call", server.url, "t", "--json"]]) {
      await using session = atTerminal(words);
      expect(await session.exit()).toBe(0);
      for (const sign of ["\u001b", "\u0007", "\u202e"]) expect(session.shown).not.toContain(sign);
      expect(session.shown).toMatch(/\\u\{?0*1b/);
    }
    expect((await run("call", server.url, "t")).stdout).toBe(`text${evil}\n`);
  });

  test("colours are for a terminal that may show them", async () => {
    await using plain = atTerminal(["tools", everything.url]);
    await plain.exit();
    expect(plain.shown).not.toContain("\u001b");
    await using coloured = atTerminal(["tools", everything.url], { NO_COLOR: "" });
    await coloured.exit();
    expect(coloured.shown).toContain("\u001b[1mecho\u001b[22m message=TEXT\n");
    await using dumb = atTerminal(["tools", "nobody"], { NO_COLOR: "", TERM: "dumb" });
    await dumb.exit();
    expect(dumb.shown).not.toContain("\u001b");
  });
});

describe.skipIf(process.platform !== "linux")("an answer that nobody takes", () => {
  function shell(line: string): string {
    const command = Bun.spawnSync(["sh", "-c", `${line} 2>&1`], { env: { ...home.env, BRIDGE: EXECUTABLE } });
    return command.stdout.toString();
  }

  test("ends in silence where the reader has gone", async () => {
    using server = new FakeMcp();
    server.on("tools/list", ({ message }) => result(message, { tools: [{ name: "t", inputSchema: {} }] }));
    const text = "x".repeat(1_000_000);
    server.on("tools/call", ({ message }) => result(message, { content: [{ type: "text", text }] }));
    const command = Bun.spawn(["sh", "-c", '{ "$BRIDGE" call "$URL" t 2>&1 >&3 | cat >&2; } 3>&1 | head -c 3'], {
      env: { ...home.env, BRIDGE: EXECUTABLE, URL: server.url },
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await Promise.all([command.stdout.text(), command.stderr.text()])).toEqual(["xxx", ""]);
  });

  test("says why it could not be written", () => {
    expect(shell('"$BRIDGE" help >/dev/full; echo $?')).toBe("1\n");
    expect(shell('("$BRIDGE" help >/dev/full)')).toBe(
      said("error: cannot write the answer to standard output (ENOSPC)"),
    );
  });
});

test("a server that is not there is given up in a few seconds, without work meanwhile", async () => {
  const begun = performance.now();
  const { stderr, exitCode } = await run("tools", "http://127.0.0.1:9/mcp");
  expect(exitCode).toBe(1);
  expect(stderr).toBe(said(
    "127.0.0.1:9 does not accept connections (ECONNREFUSED); trying again",
    "error: 127.0.0.1:9 does not accept connections (ECONNREFUSED)",
    "hint: check the address and the network",
  ));
  expect(performance.now() - begun).toBeLessThan(10_000);
});

test("a server that demands a sign-in gets one, by the browser, and the call goes on", async () => {
  using scene = new SignInScene();
  const { stdout, exitCode } = await outcomeOf(
    { env: { ...scene.browser.env, ...scene.home.env } },
    "tools",
    scene.server.url,
  );
  expect(exitCode).toBe(0);
  expect(stdout).not.toBe("");
  expect(scene.browser.count).toBe(1);
}, 30_000);
