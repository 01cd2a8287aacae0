import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOfFile } from "../../../../src/registry/clients/named_file.ts";
import { Home } from "../../../harness/home.ts";

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home[Symbol.dispose]());

function written(name: string, text: string): string {
  const file = join(home.folder, name);
  writeFileSync(file, text);
  return file;
}

describe("a file that a person names", () => {
  const SHAPES: readonly (readonly [name: string, text: string])[] = [
    [".mcp.json", '{"mcpServers": {"a": {"command": "x", "args": ["y"]}}}'],
    ["mcp.json", '// team\n{"inputs": [], "servers": {"a": {"command": "x", "args": ["y"]},},}'],
    ["settings.json", '{"context_servers": {"a": {"command": "x", "args": ["y"]}}}'],
    ["opencode.jsonc", '{"mcp": {"a": {"type": "local", "command": ["x", "y"]}}}'],
    ["settings.old.json", '{"mcp": {"servers": {"a": {"command": "x", "args": ["y"]}}}}'],
    ["config.toml", '[mcp_servers.a]\ncommand = "x"\nargs = ["y"]\n'],
  ];
  for (const [name, text] of SHAPES) {
    test(`such as ${name} is read by what it says, and its client goes by its name`, async () => {
      const file = written(name, text);
      const [{ client, entry }] = await entriesOfFile(file) as [Awaited<ReturnType<typeof entriesOfFile>>[number]];
      expect([entry.name, entry.command, entry.args]).toEqual(["a", "x", ["y"]]);
      expect(client.name).toBe(JSON.stringify(file));
    });
  }

  test("says with line and column what is wrong with it, or that it is none of these", async () => {
    await expect(entriesOfFile(written("a.json", '{"mcpServers": x}'))).rejects.toMatchObject({
      code: "bad_client_file",
      message: expect.stringContaining("line 1, column 16"),
    });
    for (const text of ["", "{}", '{"a": 1}', "[1]"]) {
      await expect(entriesOfFile(written("b.json", text))).rejects.toMatchObject({
        code: "bad_client_file",
        message: expect.stringContaining("says nothing of servers"),
      });
    }
  });

  test("has to be there, and to be a file", async () => {
    await expect(entriesOfFile(join(home.folder, "no.json"))).rejects.toMatchObject({ code: "unreadable_file" });
    mkdirSync(join(home.folder, "folder.json"));
    await expect(entriesOfFile(join(home.folder, "folder.json"))).rejects.toMatchObject({ code: "bad_client_file" });
  });
});
