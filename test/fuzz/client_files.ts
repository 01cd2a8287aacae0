import { expect } from "bun:test";
import fc from "fast-check";
import { BridgeError } from "../../src/platform/errors.ts";
import { withEntry, withoutEntry } from "../../src/registry/clients/edit.ts";
import { readClientFile } from "../../src/registry/clients/read.ts";
import { CLIENTS } from "../../src/registry/clients/table.ts";
import { damagedTextOf, type Target, target, textOf } from "./target.ts";

const SECRET = "s3cret-that-nobody-may-see";
const JSON_PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  '"mcpServers"',
  '"servers"',
  '"mcp"',
  '"context_servers"',
  '"command"',
  '"args"',
  '"url"',
  '"env"',
  `"${SECRET}"`,
  "//",
  "/*",
  "*/",
  "\n",
  "\r\n",
  "\t",
  "\ufeff",
  "null",
  "1e999",
  "\\",
  '"__proto__"',
  "\u0000",
  "\u001b[31m",
  "[".repeat(60),
];
const TOML_PIECES = [
  "[mcp_servers.a]",
  "[mcp_servers]",
  "[[x]]",
  "[",
  "]",
  "=",
  ".",
  '"',
  "'",
  '"""',
  "'''",
  "\n",
  "\r\n",
  "#",
  "command",
  "args",
  "url",
  "env",
  `"${SECRET}"`,
  "{",
  "}",
  ",",
  "1979-05-27",
  "0x1f",
  "inf",
  "true",
  "\\",
  "\u0000",
  "mcp_servers",
  "__proto__",
];
const JSON_FILES = fc.record({
  name: fc.string({ maxLength: 10, unit: "binary" }),
  url: fc.webUrl(),
  args: fc.array(fc.string(), { maxLength: 3 }),
})
  .chain(({ name, url, args }) => {
    const list = {
      [name]: { command: "npx", args, env: { KEY: SECRET } },
      remote: { url, headers: { Authorization: SECRET } },
    };
    return fc.constantFrom("mcpServers", "servers", "mcp", "context_servers").map((key) =>
      JSON.stringify({ [key]: list }, null, 2)
    );
  });
const TOML_FILES = fc.constantFrom(
  `# mine\n[mcp_servers.a]\ncommand = "npx"\nargs = ["x"]\n\n[mcp_servers.a.env]\nKEY = "${SECRET}"\n`,
  `model = "x"\n[mcp_servers]\nb = { url = "https://a.example/mcp", bearer_token_env_var = "T" }\n`,
  "[mcp_servers.\"a b\"]\nurl = 'https://a.example'\n[other]\nx = '''\n[mcp_servers.c]\n'''\n",
);
const ENTRY = { command: "/usr/bin/mcp-bridge", args: ["linear"], env: {} };
const FILE = "/home/me/client.json";

const input = fc.nat(CLIENTS.length - 1).chain((at) => {
  const isToml = CLIENTS[at]!.format === "toml";
  const texts = isToml
    ? fc.oneof(textOf(TOML_PIECES), damagedTextOf(TOML_FILES, TOML_PIECES), TOML_FILES)
    : fc.oneof(textOf(JSON_PIECES), damagedTextOf(JSON_FILES, JSON_PIECES), JSON_FILES);
  return fc.tuple(fc.constant(at), texts);
});

/** A client's file is read, or refused without a value of it; an entry of ours takes nothing with it when it goes. */
export const clientFiles: readonly Target[] = [
  target("client's configuration", input, async ([at, text]) => {
    const client = CLIENTS[at]!;
    try {
      const before = await readClientFile(client, text, FILE);
      for (const { args, env, headers } of before) {
        expect([Array.isArray(args), typeof env, typeof headers]).toEqual([true, "object", "object"]);
      }
      const name = "mcp-bridge-of-the-test";
      const changed = await withEntry(client, text, FILE, name, client.write(ENTRY));
      const during = await readClientFile(client, changed, FILE);
      expect(during.map((entry) => entry.name)).toEqual([...before.map((entry) => entry.name), name]);
      const after = await readClientFile(client, await withoutEntry(client, changed, FILE, name), FILE);
      expect(after.map(({ name: each, value }) => [each, value])).toEqual(
        before.map(({ name: each, value }) => [each, value]),
      );
    } catch (thrown) {
      if (!(thrown instanceof BridgeError)) throw thrown;
      expect(thrown.code).toBe("bad_client_file");
      const words = `${thrown.message} ${thrown.hint ?? ""}`;
      // deno-lint-ignore no-control-regex
      expect(words).not.toMatch(/[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]/);
      expect(words).not.toContain(SECRET);
    }
  }),
];
