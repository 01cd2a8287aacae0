import { describe, expect, test } from "bun:test";
import { array, assert, asyncProperty, constantFrom, record, tuple, uniqueArray } from "fast-check";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "../../../src/platform/clock.ts";
import { addServer, removeServer } from "../../../src/registry/edit.ts";
import { readRegistry } from "../../../src/registry/registry.ts";
import { runs } from "../../harness/counts.ts";
import { failure } from "../../harness/vault_place.ts";
import { RegistryPlace } from "./place.ts";

const NEW = { url: "https://new.example/mcp" };

async function added(text: string | undefined, label = "new", replace = false): Promise<string> {
  using place = new RegistryPlace(text);
  await addServer(place.file, { label, written: NEW, replace }, systemClock);
  return readFileSync(place.file, "utf8");
}

async function removed(text: string, name: string): Promise<string> {
  using place = new RegistryPlace(text);
  await removeServer(place.file, name, systemClock);
  return readFileSync(place.file, "utf8");
}

const COMMENTED = `{
    // All my servers
    "$schema": "https://example.com/servers.schema.json", /* for the editor */
    "mcpServers": {
        // the first
        "one": { "url": "https://one/" }, // by hand
        "two": {
            "url": "https://two/" // odd
        } // no comma
        // the end
    },
    "theirs": { "b": 1, "a": 2 }
}
`;

describe("a server that is added", () => {
  test("makes the file where there is none, and its folder, for the user alone", async () => {
    using place = new RegistryPlace();
    const file = join(place.folder, "config", "servers.json");
    await addServer(file, { label: "My New", written: NEW }, systemClock);
    expect(readFileSync(file, "utf8")).toBe(
      '{\n  "mcpServers": {\n    "My New": {\n      "url": "https://new.example/mcp"\n    }\n  }\n}\n',
    );
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, "..")).sort()).toEqual(["servers.json", "servers.lock"]);
  });

  test("stands behind the last one, in the indentation of the file, and every comment stays where it was", async () => {
    expect(await added(COMMENTED)).toBe(COMMENTED.replace(
      "} // no comma\n        // the end\n",
      '}, // no comma\n        // the end\n        "new": {\n            "url": "https://new.example/mcp"\n        }\n',
    ));
  });

  test.each([
    ["{}", '{\n  "mcpServers": {\n    "new": {\n      "url": "https://new.example/mcp"\n    }\n  }\n}'],
    ['{"a": 1}', '{"a": 1, "mcpServers": { "new": { "url": "https://new.example/mcp" } }}'],
    [
      '{"mcpServers": {"a": {}, /* b */}}',
      '{"mcpServers": {"a": {}, /* b */ "new": { "url": "https://new.example/mcp" },}}',
    ],
    [
      '{\r\n\t"mcpServers": {\r\n\t\t"a": {},\r\n\t}\r\n}',
      '{\r\n\t"mcpServers": {\r\n\t\t"a": {},\r\n\t\t"new": {\r\n\t\t\t"url": "https://new.example/mcp"\r\n\t\t},\r\n\t}\r\n}',
    ],
    [
      '{\n "mcpServers": {\n // none yet\n }\n}',
      '{\n "mcpServers": {\n // none yet\n  "new": {\n   "url": "https://new.example/mcp"\n  }\n }\n}',
    ],
    [
      '\ufeff{"mcpServers": {"a": {}}}',
      '\ufeff{"mcpServers": {"a": {}, "new": { "url": "https://new.example/mcp" }}}',
    ],
  ])("to %j makes it %j", async (before, after) => expect(await added(before)).toBe(after));

  test.each([
    [
      '{"mcpServers": {"a": {"url": "x"}, "b": {}}}',
      '{"mcpServers": {"a": { "url": "https://new.example/mcp" }, "b": {}}}',
    ],
    [
      '{"mcpServers": {\n  "A!": {\n    "url": "x" // odd\n  }, // here\n}}',
      '{"mcpServers": {\n  "A!": {\n    "url": "https://new.example/mcp"\n  }, // here\n}}',
    ],
  ])("in place of another keeps its place and its label", async (before, after) => {
    expect(await added(before, "a", true)).toBe(after);
  });

  test.each([
    ["one", '"one" is there already', 'choose another name, for example "one-2", or add "--replace"'],
    ["One!", '"One!" is called "one", as "one" is', 'choose another name, for example "one-2", or add "--replace"'],
    ["list", '"list" is the word of a command', 'choose another name, for example "list-server"'],
    ["42", '"42" is made of digits only, like a port', 'choose another name, for example "server-42"'],
    ["", '"" holds no letter of a to z and no digit', 'choose another name, for example "server"'],
  ])("as %p is refused with a name that is free", async (label, message, hint) => {
    const refusal = await failure(added(COMMENTED, label));
    expect([refusal.code, refusal.message, refusal.hint]).toEqual(["bad_name", message, hint]);
  });

  test("and cannot be, is refused before anything is written", async () => {
    using place = new RegistryPlace(COMMENTED);
    const written = { url: "http://example.com" };
    const refusal = await failure(addServer(place.file, { label: "new", written }, systemClock));
    expect(refusal.message).toBe('"url" of "new" is not encrypted: anybody on the way reads along');
    expect(readFileSync(place.file, "utf8")).toBe(COMMENTED);
  });
});

describe("a server that is removed", () => {
  test.each([
    ['{"mcpServers": {"a": {}, "b": {}}}', '{"mcpServers": { "b": {}}}'],
    ['{"mcpServers": {"b": {}, "a": {}}}', '{"mcpServers": {"b": {}}}'],
    ['{"mcpServers": {"a": {}}}', '{"mcpServers": {}}'],
    ['{"mcpServers": {\n  "b": {}, // b\n  // a\n  "A": {\n  }\n}}', '{"mcpServers": {\n  "b": {} // b\n  // a\n}}'],
    ['{"mcpServers": {\r\n  "a": {}, // a\r\n  "b": {},\r\n}}', '{"mcpServers": {\r\n   // a\r\n  "b": {},\r\n}}'],
    ['{"mcpServers": {\n  "a": {}\n  , "b": {}\n}}', '{"mcpServers": {\n   "b": {}\n}}'],
  ])("from %j leaves %j", async (before, after) => expect(await removed(before, "a")).toBe(after));

  test("and is not there is told with those that are near", async () => {
    const refusal = await failure(removed(COMMENTED, "oen"));
    expect([refusal.code, refusal.message, refusal.hint]).toEqual([
      "unknown_name",
      'there is no server "oen" in servers.json',
      'did you mean "one"?',
    ]);
  });
});

const MEMBER = /(?:\r?\n[ \t]*| )"new": \{\s*"url": "https:\/\/new\.example\/mcp"\s*\},?/;
const COMMENTS = /\/\/ a, b: \{|\/\* \} ", \*\/|\/\/ \u00e9\u00a0/g;
const blank = constantFrom("", " ", "\n", "\r\n\t", " // a, b: {\n", '/* } ", */', "\n  // \u00e9\u00a0\n  ");
const member = record({
  name: constantFrom("a", "b", "c", "d", "e"),
  blanks: tuple(blank, constantFrom("", " ", "\n"), blank),
  value: constantFrom("{}", '{"url":"https://a/"}', "[1,\n2]", '"#,"'),
});
const file = record({
  members: uniqueArray(member, { selector: ({ name }) => name, maxLength: 4 }),
  blanks: array(blank, { minLength: 6, maxLength: 6 }),
  trailing: constantFrom("", ","),
}).map(({ members, blanks: [a, b, c, d, e, f], trailing }) => {
  const said = members.map(({ name, blanks, value }) => `${blanks[0]}"${name}"${blanks[1]}:${value}${blanks[2]}`);
  const list = `{${said.join(",")}${members.length === 0 ? "" : trailing}${d}}`;
  return { names: members.map(({ name }) => name), text: `${a}{${b}"x"${c}:1,"mcpServers":${list}${e}}${f}` };
});

test("an edit keeps all else byte for byte, in texts of any form", async () => {
  await assert(
    asyncProperty(file, async ({ names, text }) => {
      using place = new RegistryPlace(text);
      await addServer(place.file, { label: "new", written: NEW }, systemClock);
      const after = readFileSync(place.file, "utf8");
      expect([...(await readRegistry(place.file)).servers.keys()]).toContain("new");
      const rest = after.replace(MEMBER, "");
      // Beside the member there is the comma before it, or the line that the brace behind it needs.
      if (names.length === 0) expect(rest.replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
      else expect([rest, withoutSign(rest, firstDifference(rest, text))]).toContain(text);

      for (const name of ["new", ...names]) await removeServer(place.file, name, systemClock);
      const bare = readFileSync(place.file, "utf8");
      expect(await readRegistry(place.file)).toMatchObject({ faults: [] });
      expect(bare.match(COMMENTS)).toEqual(text.match(COMMENTS));
      expect(bare.replace(COMMENTS, "").replace(/\s/g, "")).toBe('{"x":1,"mcpServers":{}}');
    }),
    { numRuns: runs(300, 2_000) },
  );
});

function firstDifference(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

function withoutSign(text: string, at: number): string {
  return text[at] === "," ? text.slice(0, at) + text.slice(at + 1) : text;
}

test("edits at the same time wait for each other, and none is lost", async () => {
  using place = new RegistryPlace(COMMENTED);
  const labels = Array.from({ length: 8 }, (_, number) => `server ${number}`);
  await Promise.all(labels.map((label) => addServer(place.file, { label, written: NEW }, systemClock)));
  expect([...(await readRegistry(place.file)).servers.keys()].sort()).toEqual(
    ["one", "two", ...labels.map((label) => label.replace(" ", "-"))].sort(),
  );
});

test("what an edit that was killed has left is taken away by the next, though its process is still in the table", async () => {
  using place = new RegistryPlace(COMMENTED);
  writeFileSync(`${place.file}.${process.pid}-0123abcd.new`, "{");
  await addServer(place.file, { label: "new", written: NEW }, systemClock);
  expect(readdirSync(dirname(place.file)).filter((name) => name.endsWith(".new"))).toEqual([]);
});

test("what another program writes in the middle of an edit is edited in turn, and not lost", async () => {
  using place = new RegistryPlace(COMMENTED);
  let changes = 0;
  const label = "new";
  const addedBy = (most: number): Promise<void> =>
    addServer(place.file, {
      label,
      written: {
        // Looked at between the reading of the file and the writing.
        get url(): string {
          if (changes < most) place.write(COMMENTED.replace("the first", `change ${++changes}`));
          return NEW.url;
        },
      },
    }, systemClock);
  await addedBy(1);
  expect(readFileSync(place.file, "utf8")).toContain("// change 1\n");
  expect([...(await readRegistry(place.file)).servers.keys()]).toEqual(["one", "two", "new"]);

  place.write(COMMENTED);
  expect((await failure(addedBy(Infinity))).message).toEndWith("is being changed by another program all the time");
});

describe.skipIf(process.platform === "win32")("what is no plain file of ours is not edited", () => {
  test("a pipe", async () => {
    using place = new RegistryPlace(undefined);
    Bun.spawnSync(["mkfifo", place.file]);
    expect((await failure(addServer(place.file, { label: "new", written: NEW }, systemClock))).code).toBe(
      "unsafe_file",
    );
  });

  test("but a link stays one, and what it leads to is edited in its own place", async () => {
    using place = new RegistryPlace(COMMENTED);
    const folder = join(place.folder, "other");
    mkdirSync(folder);
    const link = join(folder, "servers.json");
    symlinkSync("../servers.json", link);
    await addServer(link, { label: "new", written: NEW }, systemClock);
    expect(readlinkSync(link)).toBe("../servers.json");
    expect(readdirSync(folder).sort()).toEqual(["servers.json", "servers.lock"]);
    expect(readFileSync(place.file, "utf8")).toContain('"new"');
    expect(readFileSync(place.file, "utf8")).toContain("// All my servers");
  });
});

test.each(["", "{", '{"mcpServers": 1}', '{"mcpServers":{"a":{},"a":{}}}', '{"mcpServers":{},"mcpServers":{}}'])(
  "a file that says %j is left as it is",
  async (text) => {
    using place = new RegistryPlace(text);
    expect((await failure(addServer(place.file, { label: "new", written: NEW }, systemClock))).code).toBe(
      "bad_registry",
    );
    expect(readFileSync(place.file, "utf8")).toBe(text);
  },
);
