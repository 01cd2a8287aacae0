import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ServerEntry } from "../../../src/registry/entry.ts";
import { parseRegistry, readRegistry } from "../../../src/registry/registry.ts";
import { failure } from "../../harness/vault_place.ts";
import { RegistryPlace } from "./place.ts";

const FILE = "/home/me/servers.json";

async function entryOf(written: unknown): Promise<ServerEntry> {
  const { servers, faults } = await parseRegistry(JSON.stringify({ mcpServers: { one: written } }), FILE);
  expect(faults).toEqual([]);
  return servers.get("one")!;
}

async function faultOf(written: unknown): Promise<{ member: string; text: string; hint: string | undefined }> {
  const { servers, faults } = await parseRegistry(JSON.stringify({ mcpServers: { one: written } }), FILE);
  expect([servers.size, faults.length]).toEqual([0, 1]);
  const { member, text, hint } = faults[0]!;
  return { member, text: text.replace(/^"[^"]+", line \d+, column \d+: /, ""), hint };
}

describe("an entry", () => {
  test("of an address alone has all that goes without saying", async () => {
    expect(await entryOf({ url: "https://mcp.example.com/mcp" })).toEqual({
      label: "one",
      slug: "one",
      server: new URL("https://mcp.example.com/mcp"),
      headers: {},
      account: "default",
      transport: "http-first",
      protocol: "auto",
      tools: { allow: [], deny: [] },
      timeouts: { connect: 10_000, headers: 0, body: 300_000, total: 0 },
      share: "auto",
      oauth: {},
      keepAlive: 0,
      ipv4: false,
      tls: {},
      cookies: true,
      disabled: false,
    });
  });

  test("of a program has what it is started with, references unresolved", async () => {
    const { server } = await entryOf({
      type: "stdio",
      command: "npx",
      args: ["-y", "server", "${NOT_LOOKED_AT}"],
      env: { KEY: "${KEY}" },
      cwd: "/srv",
    });
    expect(server).toEqual({
      command: "npx",
      args: ["-y", "server", "${NOT_LOOKED_AT}"],
      env: { KEY: "${KEY}" },
      cwd: "/srv",
    });
  });

  test("says all that we understand", async () => {
    const written = {
      url: "http://10.0.0.1/mcp",
      allowHttp: true,
      headers: { "X-Api-Key": "keychain:one", "Accept": "text/html" },
      account: "work",
      transport: "sse-only",
      protocol: "legacy",
      tools: { allow: ["read_*"], deny: ["*_secret"] },
      timeouts: { connect: 1.5, total: 0 },
      share: "never",
      oauth: { scope: "a b", clientId: "me", clientSecret: "${SECRET}", resource: "" },
      disabled: true,
    };
    expect(await entryOf(written)).toMatchObject({
      headers: { "x-api-key": "keychain:one" },
      account: "work",
      transport: "sse-only",
      protocol: "legacy",
      tools: written.tools,
      timeouts: { connect: 1_500, headers: 0, body: 300_000, total: 0 },
      share: "never",
      oauth: written.oauth,
      disabled: true,
    });
  });

  test.each(
    [
      ["http", "https://a/", "http-first"],
      ["streamable-http", "https://a/", "http-first"],
      ["streamableHttp", "https://a/", "http-first"],
      ["sse", "https://a/", "sse-first"],
      ["ws", "wss://a/", "http-first"],
    ] as const,
  )("of the type %p at %s is reached in the order %s", async (type, url, transport) => {
    expect((await entryOf({ type, url })).transport).toBe(transport);
    expect((await entryOf({ type, url, transport: "http-only" })).transport).toBe("http-only");
  });

  test("may hold what other programs put there, whatever it is", async () => {
    const others = { alwaysAllow: ["x"], timeout: "soon", gallery: null, autoApprove: {}, oauth: { theirs: 1 } };
    expect((await entryOf({ url: "https://a/", ...others })).slug).toBe("one");
    expect((await entryOf({ url: "https://a/", tools: ["*"] })).tools).toEqual({ allow: ["*"], deny: [] });
  });

  test("names members like those of every object without harm", async () => {
    const text = '{"mcpServers":{"__proto__":{"url":"https://a/","env":{"__proto__":"1"}},"constructor":{}}}';
    const { servers, faults } = await parseRegistry(text, FILE);
    expect([...servers.keys()]).toEqual(["proto"]);
    expect(String(servers.get("proto")!.server)).toBe("https://a/");
    expect(faults.map(({ label }) => label)).toEqual(["constructor"]);
  });
});

const FAULTY: [written: unknown, text: string][] = [
  [1, '"one" must be an object'],
  [{}, '"one" has neither "url" nor "command"'],
  [{ url: 1 }, '"url" of "one" must be a string'],
  [{ url: "" }, '"url" of "one" must not be empty'],
  [{ url: "example.com" }, '"url" of "one" is no address of a server'],
  [{ url: "file:///etc/passwd" }, '"url" of "one" has a scheme that is not supported'],
  [{ url: "https://a:70000/" }, '"url" of "one" names a port that is none'],
  [{ url: "http://example.com" }, '"url" of "one" is not encrypted: anybody on the way reads along'],
  [{ url: "https://me:hunter2@example.com" }, '"url" of "one" contains a user name or a password'],
  [{ url: "https://example.com/${KEY}" }, '"url" of "one" holds a reference'],
  [{ url: "https://a/", command: "a" }, '"command" of "one" stands beside "url": a server has one of them'],
  [{ url: "https://a/", type: "stdio" }, '"type" of "one" does not fit the scheme "https:"'],
  [{ url: "https://a/", type: "ws" }, '"type" of "one" does not fit the scheme "https:"'],
  [{ url: "wss://a/", type: "http" }, '"type" of "one" does not fit the scheme "wss:"'],
  [{ command: "a", type: "sse" }, '"type" of "one" does not fit a "command"'],
  [
    { url: "https://a/", type: "carrier-pigeon" },
    '"type" of "one" must be one of "http", "streamable-http", "streamableHttp", "sse", "ws", "stdio"',
  ],
  [{ command: "./server" }, '"command" of "one" is a relative path'],
  [{ command: "a", args: "b" }, '"args" of "one" must be a list'],
  [{ command: "a", args: ["b", 2] }, '"args.1" of "one" must be a string'],
  [{ url: "https://a/", tls: { ca: "ca.pem" } }, '"tls.ca" of "one" is no whole path'],
  [{ url: "https://a/", tls: { key: "/k.pem" } }, '"tls.key" of "one" wants a "cert" beside it'],
  [{ url: "https://a/", tls: { verify: false } }, '"tls.verify" of "one" means nothing here'],
  [{ url: "https://a/", oauth: { tokenCommand: "print-token" } }, '"oauth.tokenCommand" of "one" must be a list'],
  [
    { url: "https://a/", oauth: { tokenLifetime: 9 } },
    '"oauth.tokenLifetime" of "one" wants a "tokenCommand" beside it',
  ],
  [{ command: "a", cwd: "here" }, '"cwd" of "one" is no whole path'],
  [{ command: "a", env: { A: 1 } }, '"env.A" of "one" must be a string'],
  [{ url: "https://a/", headers: { "a b": "hunter2" } }, '"headers.a b" of "one" is no name of a header'],
  [{ url: "https://a/", headers: { Host: "b" } }, '"headers.Host" of "one" belongs to the protocol'],
  [
    { url: "https://a/", transport: "smoke" },
    '"transport" of "one" must be one of "http-first", "sse-first", "http-only", "sse-only"',
  ],
  [{ url: "https://a/", tools: { alow: [] } }, '"tools.alow" of "one" means nothing here'],
  [{ url: "https://a/", tools: "x" }, '"tools" of "one" must be a list of globs, or an object with "allow" and "deny"'],
  [{ url: "https://a/", timeouts: { connect: -1 } }, '"timeouts.connect" of "one" must be 0 at least'],
  [{ url: "https://a/", timeouts: { connect: "5" } }, '"timeouts.connect" of "one" must be a number'],
  [{ url: "https://a/", timeouts: { sockets: 5 } }, '"timeouts.sockets" of "one" means nothing here'],
  [{ url: "https://a/", disabled: "yes" }, '"disabled" of "one" must be true or false'],
  [
    { url: "https://a/", oauth: { clientSecret: "hunter2", clientId: "a" } },
    '"oauth.clientSecret" of "one" must be a reference: ${VAR} or keychain:NAME',
  ],
  [
    { url: "https://a/", oauth: { clientSecret: "${A}" } },
    '"oauth.clientSecret" of "one" wants a "clientId" beside it',
  ],
  [
    { url: "https://a/", oauth: { grant: "client_credentials" } },
    '"oauth.grant" of "one" wants a "clientId" beside it',
  ],
  [
    { url: "https://a/", oauth: { resource: "here" } },
    '"oauth.resource" of "one" is no absolute URI without a fragment',
  ],
  [
    { url: "https://a/", oauth: { tokenEndpoint: "https://a/" } },
    '"oauth.tokenEndpoint" of "one" is for the grant "client_credentials" alone',
  ],
  [{ url: "https://a/", oauth: { callbackPort: 0 } }, '"oauth.callbackPort" of "one" must be 1 at least'],
  [{ url: "https://a/", oauth: { tokenCommand: [] } }, '"oauth.tokenCommand" of "one" must not be empty'],
  [{ url: "https://a/", oauth: { callbackPath: "/wait-for-auth" } }, '"oauth.callbackPath" of "one" is taken'],
  [
    { url: "https://a/", oauth: { authorizeParams: { state: "1" } } },
    '"oauth.authorizeParams.state" of "one" cannot be set: each sign-in has its own',
  ],
];

describe("a broken entry is told in one sentence, without its values", () => {
  test.each(FAULTY)("%j", async (written, text) => {
    const fault = await faultOf(written);
    expect(fault.text).toBe(text);
    expect(JSON.stringify(fault)).not.toContain("hunter2");
  });
});

test("a broken entry is told with file, line and column, and takes no other away", async () => {
  const text = [
    "{",
    "  // mine",
    '  "mcpServers": {',
    '    "good": { "url": "https://a/" },',
    '    "bad": {',
    '      "url": "https://b/", /* here */ "share": "sometimes",',
    "    },",
    '    "also good": { "command": "a", },',
    "  },",
    "}",
  ].join("\r\n");
  const { servers, faults } = await parseRegistry(text, FILE);
  expect([...servers.keys()]).toEqual(["good", "also-good"]);
  expect(faults).toEqual([{
    label: "bad",
    member: "share",
    line: 6,
    column: 48,
    text: '"/home/me/servers.json", line 6, column 48: "share" of "bad" must be one of "auto", "always", "never"',
    hint: undefined,
  }]);
});

test("a name that no server can have is told with one that it can have", async () => {
  const entry = { url: "https://a/" };
  const labels = ["Linear", "linear", "123", "list", "\u65e5\u672c", "linear-2", "LINEAR"];
  const mcpServers = Object.fromEntries(labels.map((label) => [label, entry]));
  const { servers, faults } = await parseRegistry(JSON.stringify({ mcpServers }), FILE);
  expect([...servers.keys()]).toEqual(["linear", "linear-2"]);
  expect(faults.map(({ label, text, hint }) => [label, text.replace(/^.*?column \d+: /, ""), hint])).toEqual([
    ["123", '"123" is made of digits only, like a port', 'rename it, for example to "server-123"'],
    ["linear", '"linear" is called "linear", as "Linear" is', 'rename it, for example to "linear-2"'],
    ["list", '"list" is the word of a command', 'rename it, for example to "list-server"'],
    ["\u65e5\u672c", '"\u65e5\u672c" holds no letter of a to z and no digit', 'rename it, for example to "server"'],
    ["LINEAR", '"LINEAR" is called "linear", as "Linear" is', 'rename it, for example to "linear-3"'],
  ]);
});

test("of an entry that stands twice the last one counts, as for every reader of JSON, and that is told", async () => {
  const text = '{"mcpServers":{"a":{"url":"https://one/"},"b":{"url":"https://b/"},"a":{"url":"https://two/"}}}';
  const { servers, faults } = await parseRegistry(text, FILE);
  expect([...servers.values()].map(({ server }) => String(server))).toEqual(["https://b/", "https://two/"]);
  expect(faults.map(({ text }) => text)).toEqual([
    '"/home/me/servers.json", line 1, column 20: "a" stands there once more further down, and that counts',
  ]);
});

describe("a file", () => {
  test("that is not there has no servers", async () => {
    using place = new RegistryPlace();
    expect(await readRegistry(place.file)).toEqual({ servers: new Map(), faults: [] });
    expect(await readRegistry(join(place.folder, "nowhere", "servers.json"))).toMatchObject({ faults: [] });
  });

  test("may begin with a byte order mark", async () => {
    using place = new RegistryPlace('\ufeff{"mcpServers":{"a":{"url":"https://a/"}}}');
    expect((await readRegistry(place.file)).servers.size).toBe(1);
  });

  test.each<[string, string]>([
    ["", "line 1, column 1: a value is missing"],
    ["  \n // nothing\n", "line 3, column 1: a value is missing"],
    ["[]", "line 1, column 1, begins with no object"],
    ['{"mcpServers": []}', 'line 1, column 16, has a "mcpServers" that is no object'],
    ['{\n  "mcpServers": {\n    "a": {"url": "x" "y"}\n  }\n}', "line 3, column 22: a comma is missing"],
    ['{"mcpServers": {}', "line 1, column 18: a closing brace is missing"],
    ['{"mcpServers": {}} x', "line 1, column 20: this word is no JSON"],
    ['{"mcpServers": {}} {}', "line 1, column 20: the text goes on behind its end"],
    ["{'mcpServers': {}}", "line 1, column 2: this word is no JSON"],
    ['{"a": "b\n"}', "line 1, column 7: a string has no end on its line"],
    ['{"a": 01}', "line 1, column 8: a comma is missing"],
    ["[".repeat(100_000), "is nested too deeply"],
  ])("that is no list of servers is told with line and column: %#", async (text, fault) => {
    using place = new RegistryPlace(text);
    const refusal = await failure(readRegistry(place.file));
    expect([refusal.code, refusal.message.replace(place.file, "FILE")]).toEqual([
      "bad_registry",
      fault.startsWith("is") ? `"FILE" ${fault}` : `"FILE", ${fault}`,
    ]);
  });

  test("that is no text, or endless, is refused", async () => {
    using place = new RegistryPlace(new Uint8Array([0x7b, 0xff, 0x7d]));
    expect((await failure(readRegistry(place.file))).message).toContain("is no text in UTF-8");
    place.write(new Uint8Array(8 * 1_048_576 + 1).fill(0x20));
    expect((await failure(readRegistry(place.file))).message).toContain("is larger than 8 MiB");
  });

  test.skipIf(process.platform === "win32")("is closed to others", async () => {
    using place = new RegistryPlace("{}");
    chmodSync(place.file, 0o644);
    await readRegistry(place.file);
    expect(statSync(place.file).mode & 0o777).toBe(0o600);
    const folder = join(place.folder, "folder.json");
    mkdirSync(folder);
    expect((await failure(readRegistry(folder))).code).toBe("unsafe_file");
  });
});
