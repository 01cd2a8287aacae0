import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Client } from "../../../../src/registry/clients/client.ts";
import { runs } from "../../../harness/counts.ts";
import { snippetOf, withEntry, withoutEntry } from "../../../../src/registry/clients/edit.ts";
import { readClientFile } from "../../../../src/registry/clients/read.ts";
import { earlierText } from "../../../../src/registry/clients/restore.ts";
import { clientOf, CLIENTS } from "../../../../src/registry/clients/table.ts";

const PROGRAM = { command: "/opt/mcp bridge/mcp-bridge", args: ["linear", "--account", 'w"1'], env: {} };
const FILE = "/home/ada/file";

/** Texts that people have in such files, with the list of servers called LIST. */
const JSON_TEXTS: Readonly<Record<string, string>> = {
  "empty": "",
  "a mark of the byte order alone": "\ufeff",
  "blanks alone": " \n\n",
  "a comment alone": "// mine\n",
  "a comment without a line end": "/* mine */",
  "an empty object": "{}",
  "an empty object with a line end": "{}\n",
  "an empty object on two lines": "{\n}\n",
  "no list": '{\n  "theme": "dark"\n}\n',
  "no list, on one line": '{"theme":"dark"}',
  "an empty list": '{\n  "LIST": {}\n}\n',
  "an empty list on one line": '{"LIST":{}}',
  "an empty list on two lines": '{\n  "LIST": {\n  }\n}',
  "a list on one line": '{"LIST": {"a": {"command": "x"}}}',
  "a list with one entry": '{\n  "LIST": {\n    "a": {\n      "command": "x"\n    }\n  }\n}\n',
  "tabs": '{\n\t"LIST": {\n\t\t"a": { "command": "x" }\n\t},\n\t"z": [1, 2]\n}\n',
  "four blanks": '{\n    "LIST": {\n        "a": { "command": "x" }\n    }\n}\n',
  "CRLF": '{\r\n  "LIST": {\r\n    "a": {}\r\n  }\r\n}\r\n',
  "a mark of the byte order, and CRLF": '\ufeff{\r\n  "LIST": {\r\n    "a": {}\r\n  }\r\n}\r\n',
  "trailing commas": '{\n  "LIST": {\n    "a": {},\n  },\n}\n',
  "comments everywhere":
    '// one\n{\n  /* two */ "LIST": { // three\n    // four\n    "a": {}, // five\n    "b": {} /* six */ // seven\n    // eight\n  } // nine\n  // ten\n}\n// eleven',
  "comments and a trailing comma": '{\n  "LIST": {\n    "a": {}, // its\n    // "b": {}\n  }\n}\n',
  "a comment in an empty list": '{\n  "LIST": {\n    // none yet\n  }\n}\n',
  "large numbers and odd escapes": '{"n": 12345678901234567890, "LIST": {"\\u0061": {"command": "\\/x"}}, "e": 1E5}',
  "no end of the last line": '{\n  "LIST": {\n    "a": {}\n  }\n}',
};

const TOML_TEXTS: Readonly<Record<string, string>> = {
  "empty": "",
  "a mark of the byte order alone": "\ufeff",
  "blanks alone": "\n\n",
  "a comment alone": "# mine",
  "keys alone": 'model = "o3" # mine\n',
  "no end of the last line": 'model = "o3"',
  "empty lines at the end": 'model = "o3"\n\n\n',
  "another server": '[mcp_servers.a]\ncommand = "x"\n\n# about b\n[mcp_servers.b]\ncommand = "y"\n',
  "servers as keys": '[mcp_servers]\na = { command = "x" }\nb.command = "y"\n',
  "dotted keys": 'mcp_servers.a.command = "x"\n[tui]\ntheme = "dark"\n',
  "CRLF": '\ufeff[mcp_servers.a]\r\ncommand = "x"\r\n',
  "lists of tables": "[[x]]\na = 1\n[[x]]\na = 2979-05-27\nb = 12345678901234567890\n".replace("2979", "1979"),
};

function textsOf(client: Client): [string, string][] {
  if (client.format === "toml") return Object.entries(TOML_TEXTS);
  return Object.entries(JSON_TEXTS).map(([what, text]) => [what, text.replaceAll("LIST", client.path.join("."))]);
}

for (const client of CLIENTS) {
  describe(`the file of ${client.id}`, () => {
    for (const [what, text] of textsOf(client)) {
      test(`with ${what} gets an entry, and is to the byte what it was without it again`, async () => {
        const before = await readClientFile(client, text, FILE);
        const next = await withEntry(client, text, FILE, "linear", client.write(PROGRAM));
        const entries = await readClientFile(client, next, FILE);
        expect(entries.map(({ name }) => name)).toEqual([...before.map(({ name }) => name), "linear"]);
        expect(entries.at(-1)).toMatchObject(PROGRAM);
        expect(next.startsWith("\ufeff")).toBe(text.startsWith("\ufeff"));
        if (text.includes("\r\n")) expect(next).not.toMatch(/[^\r]\n/);
        else expect(next).not.toContain("\r");
        const without = await withoutEntry(client, next, FILE, "linear");
        expect(await earlierText(client, without, FILE, ["{ }x", text])).toBe(text);
      });
    }

    test("keeps what others change before our entry goes", async () => {
      const [, text] = textsOf(client).find(([what]) => /one entry|another server/.test(what))!;
      const mine = await withEntry(client, text, FILE, "linear", client.write(PROGRAM));
      const theirs = await withEntry(client, mine, FILE, "other", client.write({ ...PROGRAM, command: "x" }));
      const without = await withoutEntry(client, theirs, FILE, "linear");
      expect(await earlierText(client, without, FILE, [text])).toBeUndefined();
      expect(without).toBe(await withEntry(client, text, FILE, "other", client.write({ ...PROGRAM, command: "x" })));
    });

    test("has another entry in the place of one of the same name", async () => {
      for (const [, text] of textsOf(client)) {
        const old = await withEntry(client, text, FILE, "linear", client.write({ ...PROGRAM, args: [] }));
        const next = await withEntry(client, old, FILE, "linear", client.write(PROGRAM));
        expect((await readClientFile(client, next, FILE)).at(-1)).toMatchObject({ name: "linear", ...PROGRAM });
        if (client.format === "json") {
          expect(await withEntry(client, text, FILE, "linear", client.write(PROGRAM))).toBe(next);
        }
      }
    });

    test("takes any name and any argument", async () => {
      const program = { command: "C:\\Program Files\\x.exe", args: ["\u007f\u0000\n\"'", "ü€𝄞"], env: { "A B": "=" } };
      for (const name of ["a b", 'a"]', "__proto__", "constructor", "ü", "a.b"]) {
        const next = await withEntry(client, "", FILE, name, client.write(program));
        expect(await readClientFile(client, next, FILE)).toMatchObject([{ name, ...program }]);
        const without = await withoutEntry(client, next, FILE, name);
        expect(await readClientFile(client, without, FILE)).toEqual([]);
      }
    });

    test("is written as the snippet is where it is new", async () => {
      const entry = client.write(PROGRAM);
      expect(snippetOf(client, "linear", entry)).toBe(await withEntry(client, "", FILE, "linear", entry));
    });
  });
}

describe("whatever stands in a file", () => {
  const blank = fc.constantFrom("", "", " ", "\n", "\r\n", "\t", "\n\n    ", " // c\n", " /* , } */ ");
  const key = fc.constantFrom("a", "b", "\\u0061b", "x y", "linear2", "é");
  const { value } = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("1", '"s,}"', "true", "1e400", '"//"'),
      tie("object"),
      tie("list"),
    ),
    object: fc.tuple(
      fc.uniqueArray(key, { maxLength: 3 }),
      fc.array(tie("value"), { minLength: 3, maxLength: 3 }),
      blank,
      blank,
      fc.boolean(),
    )
      .map(([keys, values, before, after, hasComma]) => {
        const members = keys.map((name, at) => `${before}"${name}"${after.includes("//") ? "" : after}:${values[at]}`);
        return `{${members.join(`${after},`)}${hasComma && members.length > 0 ? "," : ""}${after}}`;
      }),
    list: fc.tuple(fc.array(tie("value"), { maxLength: 3 }), blank).map(([values, after]) =>
      `[${values.join(`,${after}`)}${after}]`
    ),
  }));
  const file = fc.tuple(blank, fc.array(value, { maxLength: 3 }), fc.option(value), blank, fc.nat(3)).map(
    ([space, values, list, end, at]) => {
      const members = values.map((text, at) => `${space}"k${at}":${space}${text}`);
      const isObject = list?.startsWith("{") === true;
      if (isObject) members.splice(at, 0, `${space}"mcpServers":${list}`);
      return `${space}{${members.join(`${space},`)}${end}}${end}`;
    },
  );

  test("is there to the byte when our entry has come and gone, and was all there meanwhile", async () => {
    const client = await clientOf("cursor");
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const next = await withEntry(client, text, FILE, "linear", client.write(PROGRAM));
        const kept = (await readClientFile(client, next, FILE)).filter(({ name }) => name !== "linear");
        expect(kept.map(({ name, value }) => [name, value])).toEqual(
          (await readClientFile(client, text, FILE)).map(({ name, value }) => [name, value]),
        );
        const without = await withoutEntry(client, next, FILE, "linear");
        expect(await earlierText(client, without, FILE, [text])).toBe(text);
      }),
      { numRuns: runs(300, 20_000) },
    );
  });
});

describe("a client's file", () => {
  test("keeps its comments where an entry comes and goes", async () => {
    const client = await clientOf("zed");
    const text = JSON_TEXTS["comments everywhere"]!.replaceAll("LIST", "context_servers");
    const next = await withEntry(client, text, FILE, "linear", client.write(PROGRAM));
    for (const word of ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"]) {
      expect(next).toContain(word);
    }
  });

  test("of Codex keeps the comments around a table that goes", async () => {
    const client = await clientOf("codex");
    const text =
      "# a\n[mcp_servers.a]\ncommand = 'x' # in a\n[mcp_servers.a.env]\nA = '1'\n# b\n[mcp_servers.b]\nurl = 'y'\n";
    expect(await withoutEntry(client, text, FILE, "a")).toBe("# a\n# b\n[mcp_servers.b]\nurl = 'y'\n");
  });

  test("that is nested however deeply is edited, or refused as that", async () => {
    for (const id of ["cursor", "codex"]) {
      const client = await clientOf(id);
      for (let depth = 1_000; depth < 60_000; depth = Math.ceil(depth * 1.3)) {
        const deep = "[".repeat(depth) + "]".repeat(depth);
        const text = id === "codex" ? `a = ${deep}\n` : `{"a": ${deep}}`;
        const refused = await withEntry(client, text, FILE, "linear", client.write(PROGRAM)).catch((thrown) => thrown);
        if (typeof refused !== "string") expect(refused).toMatchObject({ code: "bad_client_file" });
      }
    }
  });

  test("that says a name twice is not edited", async () => {
    const client = await clientOf("cursor");
    for (const text of ['{"mcpServers": {}, "mcpServers": {}}', '{"mcpServers": {"a": {}, "a": {}}}']) {
      await expect(withEntry(client, text, FILE, "a", {})).rejects.toMatchObject({
        code: "bad_client_file",
        message: expect.stringContaining("twice"),
      });
    }
  });

  test("of Codex with all servers in one inline table is not edited", async () => {
    const client = await clientOf("codex");
    const text = 'mcp_servers = { a = { command = "x" } }\n';
    const refused = { code: "bad_client_file", hint: expect.stringContaining("--print") };
    await expect(withEntry(client, text, FILE, "b", client.write(PROGRAM))).rejects.toMatchObject(refused);
    await expect(withoutEntry(client, text, FILE, "a")).rejects.toMatchObject(refused);
  });

  test("of OpenCode that goes the way of its second version keeps to it", async () => {
    const client = await clientOf("opencode");
    const text = '{"mcp": {"servers": {"a": {"type": "local", "command": ["x"]}}}}';
    const next = await withEntry(client, text, FILE, "linear", client.write(PROGRAM));
    expect(Object.keys(JSON.parse(next).mcp.servers)).toEqual(["a", "linear"]);
    expect(await withoutEntry(client, next, FILE, "linear")).toBe(text);
  });

  test("whose style was changed since keeps the new one", async () => {
    const client = await clientOf("cursor");
    const text = '{"mcpServers": {"a": {"command": "x"}}, "b": {"c": 1}}';
    const next = await withEntry(client, text, FILE, "linear", client.write(PROGRAM));
    const restyled = JSON.stringify(JSON.parse(next), null, 4);
    const without = await withoutEntry(client, restyled, FILE, "linear");
    expect(without).toContain('\n    "mcpServers"');
    expect(await earlierText(client, without, FILE, [text])).toBeUndefined();
  });

  test("that was not there is known by nothing being left", async () => {
    for (const client of CLIENTS) {
      const next = await withEntry(client, "", FILE, "linear", client.write(PROGRAM));
      const without = await withoutEntry(client, next, FILE, "linear");
      expect(await earlierText(client, without, FILE, [null])).toBeNull();
    }
  });
});
