import { describe, expect, test } from "bun:test";
import { anything, array, assert, asyncProperty, constantFrom, dictionary, oneof, record, string } from "fast-check";
import { findServer } from "../../../src/registry/find.ts";
import { registrySchema } from "../../../src/registry/schema.ts";
import { isPlainEntry } from "../../../src/registry/shape.ts";
import { runs } from "../../harness/counts.ts";
import { failure } from "../../harness/vault_place.ts";
import { RegistryPlace } from "./place.ts";

const COMMENTED = `{
  // mine
  "mcpServers": {
    "Linear (work)": { "url": "https://linear.example/mcp", "headers": { "X-Key": "\${KEY}" } },
    "files": { "command": "npx", "args": ["-y", "files"] },
    "signed": { "url": "https://a/", "oauth": { "scope": "a" } },
    "broken": { "url": 1 },
    "plain": { "url": "http://plain.example" },
  },
}`;
const STRICT = COMMENTED.replace("// mine", "").replaceAll(/,(\s*\})/g, "$1");

describe.each([["with comments", COMMENTED], ["in strict JSON", STRICT]])("a server of a file %s", (_, text) => {
  test("is found by its label and by its slug", async () => {
    using place = new RegistryPlace(text);
    for (const name of ["Linear (work)", "linear-work"]) {
      const entry = await findServer(place.file, name);
      expect([entry.slug, String(entry.server), entry.headers]).toEqual([
        "linear-work",
        "https://linear.example/mcp",
        { "x-key": "${KEY}" },
      ]);
    }
    expect((await findServer(place.file, "files")).server).toMatchObject({ command: "npx", args: ["-y", "files"] });
    expect((await findServer(place.file, "signed")).oauth).toEqual({ scope: "a" });
  });

  test("that is broken is told with line and column, and the others are found", async () => {
    using place = new RegistryPlace(text);
    const refusal = await failure(findServer(place.file, "broken"));
    expect(refusal.code).toBe("bad_registry");
    expect(refusal.message).toEndWith(', line 7, column 24: "url" of "broken" must be a string');
  });

  test("may be without encryption where that is said", async () => {
    using place = new RegistryPlace(text);
    expect((await failure(findServer(place.file, "plain"))).message).toContain("is not encrypted");
    expect(String((await findServer(place.file, "plain", { allowHttp: true })).server)).toBe("http://plain.example/");
  });

  test("and is not there is told with the names that are near", async () => {
    using place = new RegistryPlace(text);
    const refusal = await failure(findServer(place.file, "linear"));
    expect([refusal.code, refusal.hint]).toEqual(["unknown_name", 'did you mean "linear-work"?']);
  });
});

test("what looks like a comment or a trailing comma inside a string is none", async () => {
  const headers = { a: "https://b // c", b: "/* d */", c: ", }", d: 'e\\" // f', e: "\\" };
  const text = `{/* " */"mcpServers":{"a":{"url":"https://a/","headers":${JSON.stringify(headers)},},},// "\n}`;
  using place = new RegistryPlace(text);
  expect((await findServer(place.file, "a")).headers).toEqual(headers);
});

test("a name that is in doubt gets the whole look: twins, digits, command words", async () => {
  const entry = { url: "https://a/" };
  using place = new RegistryPlace(JSON.stringify({ mcpServers: { "A": entry, "a": entry, "list": entry } }));
  expect((await findServer(place.file, "a")).label).toBe("A");
  expect((await failure(findServer(place.file, "list"))).message).toContain('"list" is the word of a command');
});

test.each(["", "[]", "null", '{"mcpServers":[]}', "{"])("a file that says %j is told as what it is", async (text) => {
  using place = new RegistryPlace(text);
  expect((await failure(findServer(place.file, "a"))).code).toBe("bad_registry");
});

test("the short look lets nothing pass that the schema does not", async () => {
  const { entry: schema } = await registrySchema();
  const globs = array(constantFrom("a*", "", 1));
  const entry = record({
    type: constantFrom("http", "smoke", 1),
    url: constantFrom("https://a/", "", 1),
    command: constantFrom("a", ""),
    args: oneof(array(oneof(string(), anything())), anything()),
    env: oneof(dictionary(string(), oneof(string(), anything())), anything()),
    headers: dictionary(string(), oneof(string(), anything())),
    account: constantFrom("", "a", null),
    transport: constantFrom("http-first", "x"),
    protocol: constantFrom("auto", "x"),
    tools: oneof(record({ allow: globs, deny: globs }, { requiredKeys: [] }), globs, anything()),
    timeouts: oneof(
      dictionary(constantFrom("connect", "body", "x"), constantFrom(0, 1.5, -1, 86_401, NaN, Infinity, "1")),
      anything(),
    ),
    share: constantFrom("auto", "x"),
    oauth: oneof(
      record({
        grant: constantFrom("browser", "x"),
        scope: constantFrom("", 1),
        clientId: constantFrom("a", ""),
        clientSecret: constantFrom("${A}", "keychain:a", "keychain:", "a", "keychain:\n"),
        callbackPort: constantFrom(1, 0, "1"),
        tokenCommand: oneof(constantFrom(["a"], [], [""]), anything()),
        authorizeParams: oneof(dictionary(string(), string()), anything()),
        useIdToken: constantFrom(true, 1),
      }, { requiredKeys: [] }),
      anything(),
    ),
    tls: oneof(record({ ca: constantFrom("/a", ""), insecure: constantFrom(true, 1), x: constantFrom(1) }, {
      requiredKeys: [],
    })),
    allowHttp: constantFrom(true, "x"),
    disabled: constantFrom(false, 0),
    theirs: anything(),
  }, { requiredKeys: [] });
  let passed = 0;
  await assert(
    asyncProperty(oneof(entry, anything()), (value) => {
      if (isPlainEntry(value)) {
        passed++;
        expect(schema.safeParse(value).success).toBe(true);
      }
      return Promise.resolve();
    }),
    { numRuns: runs(2_000, 50_000) },
  );
  expect(passed).toBeGreaterThan(50);
});
