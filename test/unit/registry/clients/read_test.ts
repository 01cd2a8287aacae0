import { describe, expect, test } from "bun:test";
import type { ClientEntry } from "../../../../src/registry/clients/client.ts";
import { readClientFile } from "../../../../src/registry/clients/read.ts";
import { clientOf, CLIENTS } from "../../../../src/registry/clients/table.ts";

async function read(id: string, text: string): Promise<ClientEntry[]> {
  return await readClientFile(await clientOf(id), text, "/home/ada/file");
}

const NO_ENTRY = {
  command: undefined,
  args: [],
  env: {},
  cwd: undefined,
  url: undefined,
  headers: {},
  type: undefined,
  disabled: false,
};

describe("the entries of a client's file", () => {
  const ADDRESSES: readonly (readonly [id: string, entry: string])[] = [
    ["claude-desktop", `{"mcpServers": {"a": {"url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["claude-code", `{"mcpServers": {"a": {"type": "http", "url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["cursor", `{"mcpServers": {"a": {"url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["vscode", `{"servers": {"a": {"type": "http", "url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["windsurf", `{"mcpServers": {"a": {"serverUrl": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["devin", `{"mcpServers": {"a": {"transport": "http", "url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["zed", `{"context_servers": {"a": {"url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["gemini-cli", `{"mcpServers": {"a": {"httpUrl": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["antigravity", `{"mcpServers": {"a": {"serverUrl": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["opencode", `{"mcp": {"a": {"type": "remote", "url": "https://a/mcp", "headers": {"X": "1"}}}}`],
    ["codex", `[mcp_servers.a]\nurl = "https://a/mcp"\nhttp_headers = { X = "1" }\n`],
  ];
  for (const [id, text] of ADDRESSES) {
    test(`of ${id} that are addresses are read with their headers`, async () => {
      expect(await read(id, text)).toMatchObject([{ name: "a", url: "https://a/mcp", headers: { X: "1" } }]);
    });
  }

  for (const client of CLIENTS.filter(({ format }) => format === "json")) {
    test(`of ${client.id} come back as they are written`, async () => {
      const program = { command: "/opt/mcp-bridge", args: ["linear"], env: { MCP_BRIDGE_HOME: "/srv" } };
      const text = JSON.stringify(client.path.reduceRight<object>((inner, name) => ({ [name]: inner }), {
        "a b": client.write(program),
      }));
      expect(await readClientFile(client, text, "/file")).toMatchObject([{ name: "a b", ...program, disabled: false }]);
    });
  }

  test("of Codex are read from tables, dotted keys and inline tables alike", async () => {
    const program = { command: "npx", args: ["-y", "x"], env: { A: "1" } };
    for (
      const text of [
        `[mcp_servers.a]\ncommand = "npx"\nargs = ["-y", "x"]\n[mcp_servers.a.env]\nA = "1"\n`,
        `[mcp_servers]\na = { command = "npx", args = ["-y", "x"], env = { A = "1" } }\n`,
        `mcp_servers.a.command = 'npx'\nmcp_servers.a.args = ["-y", """x"""]\nmcp_servers.a.env.A = "1"\n`,
      ]
    ) {
      expect(await read("codex", text)).toMatchObject([{ name: "a", ...program }]);
    }
  });

  test("of Codex name variables where others refer to them", async () => {
    const text =
      `[mcp_servers.a]\nurl = "https://a"\nbearer_token_env_var = "TOKEN"\nenv_http_headers = { K = "KEY" }\n`;
    expect(await read("codex", text)).toMatchObject([{ headers: { Authorization: "Bearer ${TOKEN}", K: "${KEY}" } }]);
  });

  test("of old releases of Zed, and of the second version of OpenCode, are read", async () => {
    expect(await read("zed", `{"context_servers": {"a": {"command": {"path": "npx", "args": ["x"]}}}}`))
      .toMatchObject([{ command: "npx", args: ["x"] }]);
    const second = `{"mcp": {"servers": {"a": {"type": "local", "command": ["npx", "x"], "disabled": true}}}}`;
    expect(await read("opencode", second)).toMatchObject([{ name: "a", command: "npx", args: ["x"], disabled: true }]);
    expect(await read("opencode", `{"mcp": {"servers": {"type": "local", "command": ["x"]}}}`))
      .toMatchObject([{ name: "servers", command: "x" }]);
  });

  test("come with the place where they stand", async () => {
    expect(await read("cursor", `// mine\n{"mcpServers": {\r\n  "a": {"command": "x"},\r\n  "b": {}, },\n}`))
      .toMatchObject([{ name: "a", place: { line: 3, column: 8 } }, { name: "b", place: { line: 4, column: 8 } }]);
    expect(await read("codex", `model = "x"\n\n[mcp_servers.a]\ncommand = "x"\n`))
      .toMatchObject([{ name: "a", place: { line: 3, column: 1 } }]);
  });

  test("that make no sense have neither a command nor an address", async () => {
    expect(await read("cursor", `{"mcpServers": {"a": 1, "b": {"command": ["x"], "args": "y", "env": []}}}`))
      .toMatchObject([{ name: "a", ...NO_ENTRY }, { name: "b", ...NO_ENTRY }]);
  });

  test("may have any name, and none reaches beyond its entry", async () => {
    expect(await read("cursor", `{"mcpServers": {"__proto__": {"command": "x"}}}`))
      .toMatchObject([{ name: "__proto__", command: "x" }]);
    expect(await read("codex", `[mcp_servers.__proto__]\ncommand = "x"\n[__proto__]\nurl = "y"\n`))
      .toMatchObject([{ name: "__proto__", command: "x" }]);
    expect(({} as Record<string, unknown>)["command"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["url"]).toBeUndefined();
  });

  test("are none where the file says nothing of servers, or nothing at all", async () => {
    for (const text of ["", "\ufeff", " \n", "{}", "// none yet\n", '{"theme": "dark"}']) {
      expect(await read("cursor", text)).toEqual([]);
    }
    for (const text of ["", "\ufeff\n", "# none yet\n", "model = 'x'\n"]) expect(await read("codex", text)).toEqual([]);
  });
});

describe("a client's file that cannot be read", () => {
  const FAULTS: readonly (readonly [id: string, text: string, message: string])[] = [
    ["cursor", `{\n  "mcpServers": {`, `"/home/ada/file", line 2, column 18: a closing brace is missing`],
    ["cursor", `{"mcpServers": []}`, `"/home/ada/file", line 1, column 16: "mcpServers" is no object`],
    ["cursor", `[]`, `"/home/ada/file", line 1, column 1: this is no object`],
    ["codex", `[mcp_servers.a]\ncommand = "x`, `"/home/ada/file", line 2, column 13: unterminated string constant`],
    ["codex", `[a]\n[a]\n`, `"/home/ada/file", line 2, column 2: defining a key multiple times is invalid`],
    ["codex", `\n[[mcp_servers]]\n`, `"/home/ada/file", line 2, column 1: "mcp_servers" is no object`],
  ];
  for (const [id, text, message] of FAULTS) {
    test(`is told with line and column: ${message.slice(18)}`, async () => {
      await expect(read(id, text)).rejects.toMatchObject({ code: "bad_client_file", message });
    });
  }

  test("because it is nested too deeply is told as well", async () => {
    await expect(read("cursor", "[".repeat(200_000))).rejects.toMatchObject({ code: "bad_client_file" });
    await expect(read("codex", `a = ${"[".repeat(200_000)}`)).rejects.toMatchObject({ code: "bad_client_file" });
  });
});
