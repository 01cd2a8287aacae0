import { expect, test } from "bun:test";
import { withoutEntry } from "../../../../src/registry/clients/edit.ts";
import { readAllEntries } from "../../../../src/registry/clients/projects.ts";
import { clientOf } from "../../../../src/registry/clients/table.ts";

const FILE = "/home/ada/.claude.json";
const TEXT = `{
  "mcpServers": {"a": {"command": "x"}},
  "projects": {
    "/work/one": {"allowedTools": [], "mcpServers": {"a": {"command": "y"}, "b": {"command": "z"}}},
    "/work/none": {"mcpServers": {}},
    "/work/odd": {"mcpServers": [1]},
    "/work/odder": null
  }
}
`;

async function shown(id: string, text: string): Promise<unknown[]> {
  const placed = await readAllEntries(await clientOf(id), text, FILE);
  return placed.map(({ client, entry: { name, command, place } }) => [client.project, name, command, place.line]);
}

test("servers of single projects are read behind those of the user, each with its place", async () => {
  expect(await shown("claude-code", TEXT)).toEqual([
    [undefined, "a", "x", 2],
    ["/work/one", "a", "y", 4],
    ["/work/one", "b", "z", 4],
  ]);
});

test("a client without projects, and a file without text, have those of the user alone", async () => {
  expect(await shown("cursor", TEXT)).toEqual([[undefined, "a", "x", 2]]);
  expect(await shown("claude-code", "")).toEqual([]);
  expect(await shown("claude-code", '{"projects": 1}')).toEqual([]);
});

test("an entry of a project goes from there, and nothing else does", async () => {
  const [, second] = await readAllEntries(await clientOf("claude-code"), TEXT, FILE);
  const text = await withoutEntry(second!.client, TEXT, FILE, "a");
  expect(text).toBe(TEXT.replace('"a": {"command": "y"},', ""));
});
