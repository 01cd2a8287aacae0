import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type McpRemoteEntry, readMcpRemote } from "../../../src/cli/mcp_remote_entry.ts";
import { ForeignReference } from "../../../src/registry/entry_secrets.ts";
import { judgeEntry } from "../../../src/registry/registry.ts";
import { Home } from "../../harness/home.ts";

const URL_WORD = "https://mcp.example.com/mcp";

const home = new Home();
afterAll(() => home[Symbol.dispose]());

/** What mcp-remote is told, as an entry that makes sense. */
async function read(words: string[], env: Record<string, string> = {}): Promise<McpRemoteEntry> {
  const entry = await readMcpRemote([URL_WORD, ...words], env, "linux");
  await judgeEntry("x", entry.written);
  return entry;
}

async function written(...words: string[]): Promise<unknown> {
  const { url, ...rest } = (await read(words)).written;
  expect(url).toBe(URL_WORD);
  return rest;
}

describe("each flag of mcp-remote has its place in an entry", () => {
  const places: Record<string, [words: string[], written: unknown]> = {
    "--transport": [["--transport", "sse-only"], { transport: "sse-only" }],
    "--protocol": [["--protocol", "auto"], { protocol: "auto" }],
    "--allow-http": [["--allow-http"], { allowHttp: true }],
    "--ignore-tool": [["--ignore-tool", "a*", "--ignore-tool", "b"], { tools: { deny: ["a*", "b"] } }],
    "--connect-timeout": [["--connect-timeout", "30"], { timeouts: { connect: 30 } }],
    "--headers-timeout": [["--headers-timeout", "0"], { timeouts: { headers: 0 } }],
    "--body-timeout": [["--body-timeout", "1.5"], { timeouts: { body: 1.5 } }],
    "--keep-alive": [["--keep-alive"], { keepAlive: 30 }],
    "--ping-interval": [["--ping-interval", "5"], { keepAlive: 5 }],
    "--ipv4": [["--ipv4"], { ipv4: true }],
    "--disable-cookies": [["--disable-cookies"], { cookies: false }],
    "--resource": [["--resource", "https://t.example/"], { oauth: { resource: "https://t.example/" } }],
    "--resource of nothing": [["--resource", ""], { oauth: { resource: "" } }],
    "--disable-resource-parameter": [["--disable-resource-parameter"], { oauth: { resource: "" } }],
    "--authorize-param": [["--authorize-param", "prompt=a=b"], { oauth: { authorizeParams: { prompt: "a=b" } } }],
    "--host": [["--host", "127.0.0.1"], { oauth: { callbackHost: "127.0.0.1" } }],
    "--callback-path": [["--callback-path", "/x"], { oauth: { callbackPath: "/x" } }],
    "the port": [["3334"], { oauth: { callbackPort: 3334, callbackHost: "localhost" } }],
    "--device-code": [["--device-code"], { oauth: { grant: "device_code" } }],
    "--use-id-token": [["--use-id-token"], { oauth: { useIdToken: true } }],
    "--static-oauth-client-metadata": [
      ["--static-oauth-client-metadata", '{"scope":"a b"}'],
      { oauth: { scope: "a b" } },
    ],
    "--client-credentials": [
      [
        ...["--client-credentials", "--token-endpoint", "https://as.example/token"],
        ...["--static-oauth-client-info", '{"client_id":"me","client_secret":"${SECRET_OF_MINE}"}'],
      ],
      {
        oauth: expect.objectContaining({
          grant: "client_credentials",
          tokenEndpoint: "https://as.example/token",
          clientId: "me",
          clientSecret: "${SECRET_OF_MINE}",
        }),
      },
    ],
    "--enable-proxy, which is needless": [["--enable-proxy"], {}],
  };
  for (const [name, [words, expected]] of Object.entries(places)) {
    test(name, async () => expect(await written(...words)).toEqual(expected));
  }

  test("a document of a client keeps the port that it names", async () => {
    const { oauth } = await written("--client-metadata-url", "https://c.example/doc") as { oauth: object };
    expect(oauth).toEqual({
      clientMetadataUrl: "https://c.example/doc",
      callbackHost: "localhost",
      callbackPort: expect.any(Number),
    });
  });
});

test("flags without a place stay words, in the order of ours", async () => {
  const file = join(home.folder, "more.txt");
  writeFileSync(file, "");
  const words = [
    ...["--auth-timeout", "60", "--debug"],
    ...["--auth-success-url", "https://a.example/", "--header-file", file, "--silent"],
    ...["--static-oauth-client-metadata", '{"client_name":"me"}'],
  ];
  const { rest, written } = await read(words);
  expect(written).toEqual({ url: URL_WORD });
  expect(rest).toEqual([
    ...["--header-file", file, "--auth-success-url", "https://a.example/", "--auth-timeout", "60"],
    ...["--debug", "--silent"],
    ...["--static-oauth-client-metadata", '{"client_name":"me"}'],
  ]);
});

describe("headers", () => {
  test("are references, secrets, or what they are", async () => {
    const headers = ["Authorization:${AUTH}", "X-Tenant: acme", "X-Mine: ${MINE}", "Accept: x", "no header"];
    const { written, secretHeaders } = await read(headers.flatMap((line) => ["--header", line]), { AUTH: "Bearer s3" });
    expect(written.headers).toEqual({ "x-tenant": "acme", "x-mine": "${MINE}" });
    expect(secretHeaders).toEqual({
      authorization: { value: "Bearer s3", text: "${AUTH}", variables: { AUTH: "Bearer s3" }, parts: ["AUTH"] },
    });
  });

  test("name the sign-in as they were typed, those of files too", async () => {
    const file = join(home.folder, "headers.txt");
    writeFileSync(file, "# mine\nX-File: ${F}\r\n\nnothing\n");
    const { signIn } = await read(["--header", "X-One:${ONE} ", "--header-file", file], { ONE: "1" });
    expect(signIn).toEqual({ url: URL_WORD, headers: { "X-One": "${ONE} ", "X-File": "${F}" }, authorizeParams: {} });
  });

  test("that only the client understands keep the entry from being taken", async () => {
    await expect(read(["--header", "X: ${input:key}"])).rejects.toThrow(ForeignReference);
  });
});

describe("a client of the person's", () => {
  test("has its secret in the keychain where it stood in the entry", async () => {
    const info = ["--static-oauth-client-info", '{"client_id":"me","client_secret":"${S}"}'];
    const { written, clientSecret, client } = await read(info, { S: "hunter2" });
    expect(written.oauth).toMatchObject({ clientId: "me", callbackHost: "localhost" });
    expect(JSON.stringify(written)).not.toContain("hunter2");
    expect(clientSecret).toEqual({ value: "hunter2", text: "${S}", variables: { S: "hunter2" }, parts: ["S"] });
    expect(client).toEqual({ kind: "static", clientId: "me", clientSecret: "hunter2", redirectUris: [] });
  });

  test("that stands in a file stays there", async () => {
    const file = join(home.folder, "client.json");
    writeFileSync(file, '{"client_id":"me","client_secret":"hunter2"}');
    const { written, rest, client } = await read(["--static-oauth-client-info", `@${file}`]);
    expect(written.oauth).not.toHaveProperty("clientId");
    expect(rest).toEqual(["--static-oauth-client-info", `@${file}`]);
    expect(client).toMatchObject({ kind: "static", clientId: "me", clientSecret: "hunter2" });
  });
});

test("words that make no sense keep the entry from being taken", async () => {
  for (const words of [["--what"], ["--transport", "ws"], ["70000"], ["--callback-path", "x"], ["a", "b"]]) {
    await expect(read(words)).rejects.toThrow();
  }
});

test("files that are none, or nobody knows where, keep the entry from being taken", async () => {
  for (const file of ["headers.txt", "/dev/zero", home.folder, join(home.folder, "absent")]) {
    for (const words of [["--header-file", file], ["--static-oauth-client-info", `@${file}`]]) {
      await expect(read(words)).rejects.toThrow();
    }
  }
});
