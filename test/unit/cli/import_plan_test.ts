import { describe, expect, test } from "bun:test";
import { type ImportPlan, planServers } from "../../../src/cli/import_plan.ts";
import type { Rewriting } from "../../../src/app/rewrite_entries.ts";
import { rewritingsOf } from "../../../src/cli/import_rewrite.ts";
import type { Source } from "../../../src/cli/import_sources.ts";
import { planLines } from "../../../src/cli/import_text.ts";
import { clientOf } from "../../../src/registry/clients/table.ts";
import { EMPTY_REGISTRY, parseRegistry } from "../../../src/registry/registry.ts";

const URL_WORD = "https://mcp.example.com/mcp";

async function source(id: string, name: string, value: Record<string, unknown>): Promise<Source> {
  const client = await clientOf(id);
  return { client, file: `/${id}.json`, entry: { name, ...client.read(value), value, place: { line: 1, column: 1 } } };
}

function remote(...words: string[]): Record<string, unknown> {
  return { command: "npx", args: ["mcp-remote", URL_WORD, ...words] };
}

async function plan(entries: Source[], servers: Record<string, unknown> = {}, all = false): Promise<ImportPlan> {
  const registry = Object.keys(servers).length === 0
    ? EMPTY_REGISTRY
    : await parseRegistry(JSON.stringify({ mcpServers: servers }), "servers.json");
  return await planServers({ entries, faults: [] }, registry, { all, platform: "linux" });
}

describe("servers", () => {
  test("that several clients mean are one, whatever they are called and flagged", async () => {
    const { servers } = await plan([
      await source("cursor", "linear", remote("--debug")),
      await source("claude-desktop", "Linear MCP", remote()),
    ]);
    expect(servers.map(({ slug, sources }) => [slug, sources.map(({ client, rest }) => [client.id, ...rest])])).toEqual(
      [
        ["linear", [["cursor", "--debug"], ["claude-desktop"]]],
      ],
    );
  });

  test("at one address for other resources are others, each with an account of its own", async () => {
    const { servers } = await plan([
      await source("cursor", "one", remote("--resource", "https://one.example/")),
      await source("cursor", "two", remote("--resource", "https://two.example/")),
    ]);
    expect(servers.map(({ slug, written }) => [slug, written.account])).toEqual([["one", undefined], ["two", "two"]]);
    expect(servers.map(({ signIn }) => signIn!.account)).toEqual(["default", "two"]);
  });

  test("at one address that mcp-remote does not tell apart have one sign-in, whatever else they say", async () => {
    const { servers } = await plan([
      await source("cursor", "one", remote("--ipv4")),
      await source("claude-desktop", "two", remote("--ignore-tool", "delete*")),
    ]);
    expect(servers.map(({ slug, signIn }) => [slug, signIn!.account])).toEqual([["one", "default"], [
      "two",
      "default",
    ]]);
  });

  test("that are there are known again, by their name or as the only one", async () => {
    const there = { "list_server": { url: URL_WORD, account: "work" } };
    const { servers } = await plan([await source("cursor", "anything", remote())], there);
    expect(servers.map(({ slug, isThere, signIn }) => [slug, isThere, signIn!.account])).toEqual([
      ["list-server", true, "work"],
    ]);
  });

  test("with a key of another name are not taken for one that is there", async () => {
    const there = { one: { url: URL_WORD, headers: { "X-Key": "keychain:one/x-key" } } };
    const { servers } = await plan([await source("cursor", "two", remote("--header", "X-Key: b"))], there);
    expect(servers.map(({ slug, isThere }) => [slug, isThere])).toEqual([["two", false]]);
    const again = await plan([await source("cursor", "one", remote("--header", "X-Key: b"))], there);
    expect(again.servers[0]!.isThere).toBe(true);
  });

  test("that are one program with other variables, or with tools taken away, are not taken for one that is there", async () => {
    const program = (db: string): object => ({ command: "/bin/db", args: ["serve"], env: { DB: db } });
    const there = { one: program("one"), linear: { url: URL_WORD } };
    const { servers } = await plan(
      [
        await source("cursor", "same", { ...program("one") }),
        await source("cursor", "two", { ...program("two") }),
        await source("cursor", "linear", remote("--ignore-tool", "delete*")),
      ],
      there,
      true,
    );
    expect(servers.map(({ slug, isThere }) => [slug, isThere])).toEqual([
      ["one", true],
      ["two", false],
      ["linear-2", false],
    ]);
    const strict = { linear: { url: URL_WORD, tools: { deny: ["delete*"] } } };
    const again = [
      await source("cursor", "a", remote("--ignore-tool", "delete*")),
      await source("cursor", "b", remote()),
    ];
    expect((await plan(again, strict)).servers.map(({ slug }) => slug)).toEqual(["linear", "linear"]);
  });

  test("have variables of their own for their secrets, lest one server gets what is another one's", async () => {
    const keyed = (url: string, key: string): Record<string, unknown> => ({
      command: "npx",
      args: ["mcp-remote", url, "--header", "Authorization:${AUTH}", "--header", `X-Key: ${key}`],
      env: { AUTH: `Bearer ${key}` },
    });
    const entries = [
      await source("cursor", "one", keyed("https://one.example/", "1")),
      await source("cursor", "two", keyed("https://two.example/", "2")),
      await source("cursor", "three", keyed("https://three.example/", "1")),
    ];
    const variables = async (there: Record<string, unknown> = {}): Promise<unknown> =>
      (await plan(entries, there)).servers.map(({ secrets }) => secrets.map(({ secret }) => secret.variables));
    const own = [{ AUTH: "Bearer 1" }, { MCP_X_KEY: "1" }];
    const two = [{ MCP_TWO_AUTHORIZATION: "Bearer 2" }, { MCP_TWO_X_KEY: "2" }];
    expect(await variables()).toEqual([own, two, own]);
    const other = { other: { url: "https://other.example/", headers: { a: "${AUTH}" } } };
    expect(await variables(other)).toMatchObject([[{ MCP_ONE_AUTHORIZATION: "Bearer 1" }, {}], two, [{}, {}]]);
    const { servers: [, second] } = await plan(entries);
    expect(rewritingsOf(second!, "/opt/mcp-bridge", false, {})[0]!.program.env).toEqual({
      "MCP_TWO_AUTHORIZATION": "Bearer 2",
      "MCP_TWO_X_KEY": "2",
    });
    expect(rewritingsOf(second!, "/opt/mcp-bridge", true, {})[0]!.program.env).toEqual({});
  });

  test("get names that commands can say", async () => {
    const { servers } = await plan([
      await source("cursor", "list", { command: "mcp-remote", args: ["https://a.example/"] }),
      await source("cursor", "a\u001b[31mb", { command: "mcp-remote", args: ["https://b.example/"] }),
      await source("cursor", "taken", { command: "mcp-remote", args: ["https://c.example/"] }),
    ], { taken: { url: "https://other.example/" } });
    expect(servers.map(({ label }) => label)).toEqual(["list-server", "a-31mb", "taken-2"]);
  });
});

test("variables are references, however the client names them", async () => {
  const { servers, leftOut } = await plan(
    [
      await source("opencode", "oc", { url: "https://a.example/", headers: { "X-Key": "Bearer {env:KEY}" } }),
      await source("opencode", "file", { url: "https://b.example/", headers: { "X-Key": "{file:~/.key}" } }),
      await source("opencode", "db", { command: ["/bin/db"], environment: { "DB_TOKEN": "{env:DB_TOKEN}" } }),
      await source("gemini-cli", "gem", { httpUrl: "https://c.example/", headers: { "X-Key": "Bearer $KEY" } }),
      await source("gemini-cli", "pass", { httpUrl: "https://d.example/", headers: { "X-Key": "pa$word" } }),
    ],
    {},
    true,
  );
  const [oc, db, gem, pass] = servers;
  expect([oc!.written.headers, gem!.written.headers]).toEqual([{ "X-Key": "Bearer ${KEY}" }, {
    "X-Key": "Bearer ${KEY}",
  }]);
  expect([db!.written.env, pass!.secrets[0]!.secret.value]).toEqual([{ "DB_TOKEN": "${DB_TOKEN}" }, "pa$word"]);
  expect(leftOut.map(({ what }) => what)).toEqual(['"file" of OpenCode']);
});

describe("the text of a plan", () => {
  async function shown(...sources: Source[]): Promise<string> {
    const { servers, leftOut } = await plan(sources, {}, true);
    return planLines({ servers, leftOut, signIns: new Map() }, true, 0).join("\n");
  }

  test("says what a server gets to see of the environment: the file may be somebody else's", async () => {
    const entry = { url: "https://a.example/mcp", headers: { "X-\u001bKey": "${AWS_KEY}${HOME}" } };
    expect(await shown(await source("cursor", "a", { ...entry, headers: { "X-Key": "${AWS_KEY} ${HOME}" } })))
      .toContain(
        'sends AWS_KEY and HOME of the environment in "X-Key"',
      );
    expect(await shown(await source("cursor", "a", entry))).not.toContain("\u001b");
  });

  test("says where a program runs and with which variables: they may make another one of it", async () => {
    const env = { NODE_OPTIONS: "--require ./x.js", TOKEN: "hunter2", "\u009b": "\u009b", "MY\u009bKEY": "hunter2" };
    const text = await shown(await source("cursor", "a", { command: "node", cwd: "/work/api", env }));
    expect(text).toContain('runs in "/work/api"');
    expect(text).toContain('is started with "NODE_OPTIONS" set to "--require ./x.js"');
    expect(text).toContain('"TOKEN", "MY\\u009bKEY" go into the keychain');
    expect(text).not.toMatch(/hunter2|\u009b/);
  });

  test("says so of a client secret, which goes to whoever signs people in", async () => {
    const client = JSON.stringify({ client_id: "us", client_secret: "${AWS_KEY}" });
    expect(await shown(await source("cursor", "a", remote("--static-oauth-client-info", client)))).toContain(
      "sends AWS_KEY of the environment in the client secret of its sign-in",
    );
  });

  test("says what becomes of flags without a place: a file that a person names is never rewritten", async () => {
    const debug = await source("cursor", "a", remote("--debug"));
    expect(await shown(debug)).toContain("--debug: no place in servers.json, goes behind the name");
    expect(await shown({ ...debug, isNamed: true })).toContain("--debug: no place in servers.json, is not taken over");
  });

  test("says that certificates are checked, whatever a variable says", async () => {
    const entry = { ...remote(), env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } };
    expect(await shown(await source("cursor", "a", entry))).toContain("NODE_TLS_REJECT_UNAUTHORIZED has no effect");
    expect(await shown(await source("cursor", "a", remote()))).not.toContain("NODE_TLS");
  });

  test("names the project that an entry is for", async () => {
    const { client, ...rest } = await source("claude-code", "a", remote());
    expect(await shown({ ...rest, client: { ...client, project: "/work/\u001bapi" } })).toContain(
      'mcp.example.com/mcp  (Claude Code in "/work/\\u001bapi")',
    );
  });
});

describe("what is left as it is", () => {
  test("says what and why, and never a value", async () => {
    const { servers, leftOut } = await plan(
      [
        await source("cursor", "flag", remote("--nope=hunter2")),
        await source("cursor", "http", { command: "npx", args: ["mcp-remote", "http://10.0.0.1/mcp"] }),
        await source("cursor", "user", { command: "npx", args: ["mcp-remote", "https://me:hunter2@a.example/"] }),
        await source("vscode", "input", { url: URL_WORD, headers: { Authorization: "Bearer ${input:key}" } }),
        await source("cursor", "args", { command: "server", args: ["--api-key", "hunter2"] }),
        await source("cursor", "docker", { command: "docker", args: ["run", "-e", "A_TOKEN=hunter2", "a"] }),
        await source("cursor", "database", { command: "npx", args: ["pg", "postgres://me:hunter2@db/a"] }),
        await source("cursor", "path", { command: "./server" }),
      ],
      {},
      true,
    );
    expect(servers).toEqual([]);
    expect(leftOut.map(({ what }) => what)).toEqual([
      '"flag" of Cursor',
      '"http" of Cursor',
      '"user" of Cursor',
      '"input" of VS Code',
      '"args" of Cursor',
      '"docker" of Cursor',
      '"database" of Cursor',
      '"path" of Cursor',
    ]);
    expect(JSON.stringify(leftOut)).not.toContain("hunter2");
  });

  test("what runs us, or nothing that is wanted, is passed over without a word", async () => {
    const entries = [
      await source("cursor", "ours", { command: "/opt/mcp-bridge", args: ["x"] }),
      await source("cursor", "nothing", {}),
    ];
    expect(await plan(entries, {}, true)).toEqual({ servers: [], leftOut: [] });
    const other = [await source("cursor", "files", { command: "npx", args: ["-y", "files"] })];
    expect(await plan(other)).toEqual({ servers: [], leftOut: [] });
    expect((await plan(other, {}, true)).servers).toHaveLength(1);
  });
});

describe("an entry that is to run us", () => {
  const entry = {
    ...remote("--header", "Authorization:${KEY}", "--debug"),
    env: { KEY: "s", HTTPS_PROXY: "http://p/" },
  };
  const own = { MCP_BRIDGE_HOME: "/home" };

  async function environments(keepsSecrets: boolean, there: Record<string, unknown> = {}): Promise<unknown> {
    const { servers: [server] } = await plan([await source("cursor", "one", entry)], there);
    return rewritingsOf(server!, "/opt/mcp-bridge", keepsSecrets, own).map(({ program }) => program);
  }

  test("keeps its variables but for what the keychain has", async () => {
    const program = { command: "/opt/mcp-bridge", args: ["one", "--debug", "--no-attach"] };
    const env = { HTTPS_PROXY: "http://p/", ...own };
    expect(await environments(true)).toEqual([{ ...program, env }]);
    expect(await environments(false)).toEqual([{ ...program, env: { ...env, KEY: "s" } }]);
  });

  test("goes its own way to the server where its variables say which, past a serve that runs, and only there", async () => {
    const args = async (env: Record<string, string>): Promise<unknown> => {
      const { servers: [server] } = await plan([await source("cursor", "one", { ...remote(), env })]);
      return rewritingsOf(server!, "/opt/mcp-bridge", true, own)[0]!.program.args;
    };
    for (const name of ["https_proxy", "NO_PROXY", "NODE_EXTRA_CA_CERTS"]) {
      expect(await args({ [name]: "x" })).toEqual(["one", "--no-attach"]);
    }
    expect(await args({ LOG_LEVEL: "debug" })).toEqual(["one"]);
  });

  test("is handed what its client put in until now, where that keeps it from programs", async () => {
    const written = async (id: string, value: Record<string, unknown>): Promise<unknown> => {
      const { servers: [server] } = await plan([await source(id, "one", value)], {}, true);
      const [{ client, program }] = rewritingsOf(server!, "/opt/mcp-bridge", true, {}) as [Rewriting];
      return client.write(program);
    };
    expect(await written("codex", { url: URL_WORD, bearer_token_env_var: "KEY" })).toMatchObject({ env_vars: ["KEY"] });
    expect(await written("gemini-cli", { httpUrl: URL_WORD, headers: { "X-Key": "$KEY" } })).toMatchObject({
      env: { KEY: "$KEY" },
    });
    expect(await written("codex", remote())).not.toHaveProperty("env_vars");
  });

  test("keeps what the server of that name wants of it", async () => {
    const headers = (value: string): object => ({ one: { url: URL_WORD, headers: { authorization: value } } });
    expect(await environments(true, { ...headers("${KEY}") })).toMatchObject([{ env: { KEY: "s" } }]);
    expect(JSON.stringify(await environments(true, { ...headers("keychain:one/authorization") }))).not.toContain("KEY");
  });
});
