/** The registry of servers, as a person uses it at the executable: words, answers, the file, and connecting by name. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { FakeCatalogue } from "../harness/catalogue.ts";
import { Executable, type Outcome, unattendedOutcome } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { FakeBrowser } from "../harness/fake_browser.ts";
import { FakeMcp, result } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { Keyring, keyringIsAbsent } from "../harness/keyring.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";

let home: Home;
let file: string;

beforeEach(() => {
  home = new Home();
  file = join(home.env.MCP_BRIDGE_HOME!, "servers.json");
});
afterEach(() => home[Symbol.dispose]());

function write(text: string | object): void {
  mkdirSync(home.env.MCP_BRIDGE_HOME!, { recursive: true, mode: 0o700 });
  writeFileSync(file, typeof text === "string" ? text : JSON.stringify({ mcpServers: text }));
}

/** Runs a command to its end. */
async function run(...words: string[]): Promise<Outcome> {
  return await runIn({}, ...words);
}

async function runIn(env: Record<string, string>, ...words: string[]): Promise<Outcome> {
  const { stdout, stderr, exitCode } = await unattendedOutcome(home, env, ...words);
  const named = (text: string): string => text.replaceAll(file, "FILE");
  return { stdout: named(stdout), stderr: named(stderr), exitCode };
}

function bridge(env: Record<string, string>, ...words: string[]): Executable {
  return new Executable({ env: { MCP_BRIDGE_HOME: home.env.MCP_BRIDGE_HOME!, ...env } }, ...words);
}

const error = (message: string, hint: string): string => `mcp-bridge: error: ${message}\nmcp-bridge: hint: ${hint}\n`;

describe("add, list, show and remove", () => {
  test("tell the story of a server from its coming to its going", async () => {
    expect(await run("list")).toEqual({
      stdout: 'there are no servers yet: "mcp-bridge add NAME URL" adds one, "mcp-bridge search WORD" finds one\n',
      stderr: "",
      exitCode: 0,
    });
    expect(existsSync(file)).toBe(false);
    expect(
      await run("add", "Linear (work)", "https://mcp.linear.app/mcp", "--header", "X-Key: ${KEY}", "--account", "work"),
    )
      .toEqual({
        stdout: "",
        stderr: 'mcp-bridge: "linear-work" is in "FILE": "mcp-bridge linear-work" connects to it\n',
        exitCode: 0,
      });
    await run(
      "add",
      "files",
      "--env",
      "ROOT=/srv",
      "--tool-deny",
      "delete_*",
      "--",
      "npx",
      "-y",
      "files",
      "--token",
      "hunter2",
    );
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      mcpServers: {
        "Linear (work)": { url: "https://mcp.linear.app/mcp", headers: { "X-Key": "${KEY}" }, account: "work" },
        "files": {
          command: "npx",
          args: ["-y", "files", "--token", "hunter2"],
          env: { ROOT: "/srv" },
          tools: { deny: ["delete_*"] },
        },
      },
    });
    expect((await run("list")).stdout).toBe(
      [
        'linear-work  https://mcp.linear.app/mcp  ("Linear (work)", account "work")',
        "files        npx -y files --token ***",
        "",
      ].join("\n"),
    );
    expect((await run("show", "linear-work")).stdout).toBe(
      [
        "linear-work",
        "  url        https://mcp.linear.app/mcp",
        '  label      "Linear (work)"',
        "  header     x-key: ${KEY}",
        "  account    work",
        "  transport  http-first",
        "  protocol   auto",
        "  share      auto",
        "  tools      all",
        "  timeouts   connect 10 s, headers none, body 300 s, total none",
        "",
      ].join("\n"),
    );
    expect(JSON.parse((await run("show", "files", "--json")).stdout)).toMatchObject({
      name: "files",
      command: ["npx", "-y", "files", "--token", "***"],
      env: { ROOT: "***" },
      tools: { allow: [], deny: ["delete_*"] },
    });
    expect(await run("remove", "linear-work")).toEqual({
      stdout: "",
      stderr: 'mcp-bridge: "Linear (work)" is no more in "FILE"\n',
      exitCode: 0,
    });
    expect(Object.keys(JSON.parse((await run("list", "--json")).stdout).servers)).toEqual(["0"]);
  });

  test("a literal credential is written as it was said, never shown again, and the better way is named", async () => {
    const { stderr } = await run("add", "a", "https://a.example/mcp?key=hunter2", "--header", "X-Api-Key: hunter2");
    expect(stderr).toContain(
      'mcp-bridge: the value of "X-Api-Key" stands in the file as it is: "--secret-header X-Api-Key" keeps it in the keychain\n',
    );
    for (const words of [["list"], ["list", "--json"], ["show", "a"], ["show", "a", "--json"]]) {
      const { stdout, stderr } = await run(...words);
      expect(stdout).toContain("https://a.example/mcp?***");
      expect(stdout + stderr).not.toContain("hunter2");
    }
  });

  test("another server of the same name takes the place of the first one only where that is said", async () => {
    await run("add", "a", "https://one.example/");
    const twice = await run("add", "A", "https://two.example/");
    expect([twice.exitCode, twice.stderr]).toEqual([
      2,
      error('"A" is called "a", as "a" is', 'choose another name, for example "a-2", or add "--replace"'),
    ]);
    await run("add", "A", "https://two.example/", "--replace");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ mcpServers: { a: { url: "https://two.example/" } } });
  });

  test.each<[words: string[], message: string, hint: string]>([
    [["list", "https://a/"], '"list" is the word of a command', 'choose another name, for example "list-server"'],
    [["42", "https://a/"], '"42" is made of digits only, like a port', 'choose another name, for example "server-42"'],
    [["!", "https://a/"], '"!" holds no letter of a to z and no digit', 'choose another name, for example "server"'],
    [["a", "example.com"], '"url" of "a" is no address of a server', "give the whole URL, with https, http, wss or ws"],
    [
      ["a", "https://a:70000/"],
      '"url" of "a" names a port that is none',
      "give a number from 1 to 65535, or leave it out",
    ],
    [["a", "ftp://a/"], '"url" of "a" has a scheme that is not supported', 'use an "https://" or a "wss://" address'],
    [["a"], "the url is missing", 'run "mcp-bridge add --help" for what can be said'],
    [["a", "https://a/", "--cwd", "/"], '"--cwd" is for programs behind "--"', "leave it out"],
    [["a", "--scope", "b", "--", "c"], '"--scope" is for servers with an address', "leave it out"],
    [
      ["a", "https://a/", "--client-id", "me", "--client-secret", "hunter2"],
      '"oauth.clientSecret" of "a" must be a reference: ${VAR} or keychain:NAME',
      "",
    ],
    [
      ["a", "https://a/", "--secret-header", "X-Key"],
      'there is no terminal to ask for "X-Key"',
      "set a variable of the environment, and write ${VAR} for the value",
    ],
  ])("add %j is refused, and nothing is written", async (words, message, hint) => {
    const refusal = await run("add", ...words);
    expect(refusal).toEqual({
      stdout: "",
      stderr: hint === "" ? `mcp-bridge: error: ${message}\n` : error(message, hint),
      exitCode: 2,
    });
    expect(existsSync(file)).toBe(false);
  });
});

describe("a broken file", () => {
  test("is told with line and column by every command that reads it, and left as it is", async () => {
    const text = '{\n  "mcpServers": {\n    "a": { "url": "https://a/" }\n    "b": {}\n  }\n}\n';
    write(text);
    for (const words of [["list"], ["show", "a"], ["a"], ["remove", "a"], ["add", "c", "https://c/"], ["login", "a"]]) {
      expect(await run(...words)).toEqual({
        stdout: "",
        stderr: error('"FILE", line 4, column 5: a comma is missing', "mend it there; nothing was changed"),
        exitCode: 1,
      });
    }
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("with one broken entry serves the others, and tells that one", async () => {
    write(
      '{\n  "mcpServers": {\n    "a": { "url": "https://a/" },\n    "b": { "url": "https://b/", "share": 1 }\n  }\n}\n',
    );
    const fault = '"FILE", line 4, column 42: "share" of "b" must be one of "auto", "always", "never"';
    expect((await run("list")).stdout).toBe(`a  https://a/\n\nleft out: ${fault}\n`);
    expect(await run("b")).toEqual({ stdout: "", stderr: error(fault, "mend it in the file"), exitCode: 1 });
    expect((await run("a")).exitCode).toBe(0);
  });
});

describe("mcp-bridge NAME", () => {
  test("connects with what the entry says: headers by reference, and the tools that it lets through", async () => {
    using server = new FakeMcp();
    const tools = ["read_a", "read_secret", "write_a"].map((name) => ({ name }));
    server.on("tools/list", ({ message }) => result(message, { tools }));
    write({
      "My Server": {
        url: server.url,
        headers: { "X-Key": "a ${KEY}" },
        tools: { allow: ["read_*"], deny: ["*secret"] },
      },
    });
    await using named = bridge({ KEY: "hunter2" }, "my-server");
    await named.initialize();
    const list = await named.request({ id: 1, method: "tools/list" });
    expect(list.result.tools).toEqual([{ name: "read_a" }]);
    const refused = await named.request({ id: 2, method: "tools/call", params: { name: "write_a" } });
    expect(refused.error.data.code).toBe("ignored_tool");
    expect(server.seen.items.every(({ headers }) => headers.get("x-key") === "a hunter2")).toBe(true);
    expect(server.posted("tools/call")).toEqual([]);
  });

  test("is the same with connect before it, and flags go before what the entry says", async () => {
    using server = new FakeMcp();
    write({ a: { url: server.url, headers: { "X-One": "1", "X-Two": "2" }, timeouts: { total: 0.2 } } });
    server.on("tools/list", () => new Promise(() => {}));
    await using named = bridge({}, "connect", "a", "--header", "x-two: 3");
    await named.initialize();
    expect((await named.request({ id: 1, method: "tools/list" })).error.data.code).toBe("timed_out");
    const { headers } = server.seen.items[0]!;
    expect([headers.get("x-one"), headers.get("x-two")]).toEqual(["1", "3"]);
  });

  test("starts a program of the registry in its folder, with its variables and our environment", async () => {
    const script =
      'console.error("here", process.cwd(), process.env.GREETING, process.env.OURS); process.stdin.resume()';
    const cwd = realpathSync(home.folder);
    write({ a: { command: process.execPath, args: ["-e", script], env: { GREETING: "${WORD}" }, cwd } });
    await using named = bridge({ WORD: "hello", OURS: "1" }, "a");
    named.send({ jsonrpc: "2.0", id: 1, method: "ping" });
    expect(await named.stderr.find((line) => line.includes("here"))).toContain(`here ${cwd} hello 1`);
  });

  test("that refers to what is not there ends at once, with the name of what is missing", async () => {
    write({ a: { url: "https://a.example/", headers: { "X-Key": "${NOT_SET}" } } });
    expect(await run("a")).toEqual({
      stdout: "",
      stderr: error(
        '"x-key" of the server "a" refers to ${NOT_SET}, which is not set',
        "set NOT_SET in the environment of the program that starts mcp-bridge",
      ),
      exitCode: 1,
    });
  });

  test("that nobody has is told with those that are near, an address without its scheme as before", async () => {
    write({ linear: { url: "https://a.example/" } });
    expect(await run("linaer")).toEqual({
      stdout: "",
      stderr: error('there is no server "linaer" in servers.json', 'did you mean "linear"?'),
      exitCode: 2,
    });
    expect((await run("linear.example.com/mcp")).stderr).toContain(
      'give the whole URL, for example "https://linear.example.com/mcp"',
    );
  });

  test("does for login, status and logout too", async () => {
    using as = new FakeAs();
    using server = new ProtectedMcp(as);
    using browser = new FakeBrowser();
    const env = { ...browser.env, MCP_BRIDGE_VAULT_KEY: "file" };
    write({ one: { url: server.url, account: "work" }, program: { command: "x" } });
    expect((await runIn(env, "login", "one")).stderr).toContain("you are signed in");
    const { stdout } = await runIn(env, "status", "one");
    expect(stdout).toContain(`${server.url}\n  work  `);
    expect((await runIn(env, "status", "https://other.example/")).stdout).toStartWith("nobody is signed in there\n");
    expect((await runIn(env, "logout", "one")).stderr).toContain("the tokens are gone");
    expect((await runIn(env, "login", "program")).stderr).toContain(
      "is a program on this machine: nobody signs in to it",
    );
  });

  test("is no business of a start with an address: the file is not looked at", async () => {
    using server = new FakeMcp();
    write("{");
    await using direct = bridge({}, server.url);
    expect((await direct.initialize()).result.serverInfo.name).toBe("fake");
  });
});

describe("what an entry says of connections", () => {
  test("is done: pings, and no cookies", async () => {
    using server = new FakeMcp();
    server.on("tools/list", ({ message }) => result(message, { tools: [] }, { "set-cookie": "route=a; Path=/" }));
    await run("add", "a", server.url, "--ping-interval", "0.1", "--disable-cookies");
    expect(JSON.parse(readFileSync(file, "utf8")).mcpServers.a).toEqual({
      url: server.url,
      keepAlive: 0.1,
      cookies: false,
    });
    await using named = bridge({}, "a");
    await named.initialize();
    for (const id of [1, 2]) await named.request({ id, method: "tools/list" });
    await server.seen.find(({ message }) => message?.method === "ping");
    expect(server.seen.items.map(({ headers }) => headers.get("cookie"))).not.toContain("route=a");
  });

  test.skipIf(!hasIpv6())("is done: IPv4 alone", async () => {
    using server = Bun.serve({ hostname: "::1", port: 0, fetch: () => Response.json({ oops: true }) });
    await run("add", "a", `http://localhost:${server.port}/mcp`, "--ipv4");
    await using named = bridge({}, "a", "--debug", "--sign-in-grace", "0");
    void named.initialize().catch(() => {});
    await named.stderr.find((line) => line.includes("does not accept connections (ECONNREFUSED)"));
  });
});

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
}

describe.skipIf(keyringIsAbsent)("a secret for the keychain", () => {
  test("is asked for at the terminal, kept there, sent from there, and goes with its server", async () => {
    using keyring = new Keyring();
    using server = new FakeMcp();
    const env = {
      ...Object.fromEntries(Object.entries(keyring.env).filter(([, value]) => value !== undefined)) as Record<
        string,
        string
      >,
      MCP_BRIDGE_HOME: home.env.MCP_BRIDGE_HOME!,
    };
    let shown = "";
    let isAsked = false;
    const add = Bun.spawn([
      ...keyring.session("unlocked"),
      EXECUTABLE,
      "add",
      "a",
      server.url,
      "--secret-header",
      "X-Key",
    ], {
      cwd: home.folder,
      env,
      terminal: {
        data(terminal, bytes): void {
          shown += new TextDecoder().decode(bytes);
          if (!isAsked && shown.includes("X-Key of a: ")) {
            isAsked = true;
            terminal.write("hunter2\r");
          }
        },
      },
    });
    expect(await add.exited).toBe(0);
    expect(shown).not.toContain("hunter2");
    expect(JSON.parse(readFileSync(file, "utf8")).mcpServers.a.headers).toEqual({ "X-Key": "keychain:a/x-key" });
    const before = keyring.session("unlocked");
    const ping = async (): Promise<number> => {
      await using named = new Executable({ before, env }, "a");
      named.send({ jsonrpc: "2.0", id: 1, method: "ping" });
      named.endInput();
      return await named.exit(10_000);
    };
    expect(await ping()).toBe(0);
    expect(server.seen.items[0]!.headers.get("x-key")).toBe("hunter2");
    await using remove = new Executable({ before, env }, "remove", "a");
    expect(await remove.exit(10_000)).toBe(0);
    write({ a: { url: server.url, headers: { "X-Key": "keychain:a/x-key" } } });
    const { length } = server.seen.items;
    // What it says is lost in the noise of the bus; nothing is sent without the secret.
    expect([await ping(), server.seen.items.length]).toEqual([1, length]);
  }, 30_000);
});

describe("search", () => {
  let catalogue: FakeCatalogue;
  beforeEach(() => void (catalogue = new FakeCatalogue()));
  afterEach(() => catalogue[Symbol.dispose]());
  const search = (...words: string[]): Promise<Outcome> => run("search", "--registry", catalogue.url, ...words);

  test("shows what is found, away from the terminal's controls, and the command that takes it", async () => {
    expect(await search("i")).toEqual({
      stdout: [
        "app.linear/linear 1.0.0",
        "  MCP server for Linear project management and issue tracking",
        "  https://mcp.linear.app/mcp",
        "  https://mcp.linear.app/sse",
        "  mcp-bridge add linear https://mcp.linear.app/mcp",
        "",
        "io.github.acme/files 1.2.3",
        "  Files of \\u001b[31mAcme\\u202e mcp-bridge: error: none",
        "  npm @acme/files",
        "  mcp-bridge add files --secret-env ACME_KEY -- npx -y @acme/files@1.2.3",
        "",
        "ai.smithery/notes 0.1.0",
        "  Notes",
        "  https://server.smithery.ai/notes/mcp",
        "  mcp-bridge add notes https://server.smithery.ai/notes/mcp --header 'Authorization: Bearer ${SMITHERY_API_KEY_FOR_NOTES}'",
        "",
      ].join("\n"),
      stderr: "",
      exitCode: 0,
    });
    expect(Object.fromEntries(catalogue.asked[0]!)).toEqual({ search: "i", version: "latest", limit: "20" });
  });

  test("says what there is in JSON too, and that there is more", async () => {
    const { servers, hasMore } = JSON.parse((await search("i", "--json", "--limit", "1")).stdout);
    expect([servers.length, servers[0].name, servers[0].add, hasMore]).toEqual([
      1,
      "app.linear/linear",
      "mcp-bridge add linear https://mcp.linear.app/mcp",
      true,
    ]);
    expect((await search("i", "--limit", "1")).stderr).toContain(
      'there are more: say more of the name, or raise "--limit"',
    );
  });

  test("that finds nothing says so, with exit code 1", async () => {
    expect(await search("nothing")).toEqual({ stdout: "no server has that in its name\n", stderr: "", exitCode: 1 });
  });

  test("the command that it proposes does what it says", async () => {
    const { servers } = JSON.parse((await search("linear", "--json")).stdout);
    await run(...servers[0].add.split(" ").slice(1));
    expect((await run("list")).stdout).toBe("linear  https://mcp.linear.app/mcp\n");
  });

  test.each<[string, () => Response, string]>([
    ["an error", () => new Response("{}", { status: 503 }), "answers 503 to a search"],
    ["a page", () => new Response("<html>"), "answers a search with something else than a list of servers"],
    [
      "another shape",
      () => Response.json({ servers: "all" }),
      "answers a search with something else than a list of servers",
    ],
    ["an endless answer", () => new Response(new Uint8Array(5 * 1_048_576).fill(0x20)), ""],
  ])("%s is an error of the registry", async (_, answer, message) => {
    catalogue.answer = answer;
    const { stdout, stderr, exitCode } = await search("a");
    expect([stdout, exitCode]).toEqual(["", 1]);
    expect(stderr).toContain(message);
    expect(stderr).toStartWith("mcp-bridge: error: ");
  });

  test.each([["--limit", "0"], ["--limit", "101"], ["--registry", "http://example.com"]])(
    "refuses %s %s",
    async (flag, value) => {
      expect((await run("search", "a", flag, value)).exitCode).toBe(2);
    },
  );
});
