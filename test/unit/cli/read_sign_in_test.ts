import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SignInSettings } from "../../../src/auth/settings.ts";
import { connectCommand } from "../../../src/cli/connect.ts";
import { readWords } from "../../../src/cli/command.ts";
import { readSignIn } from "../../../src/cli/read_sign_in.ts";
import { Home } from "../../harness/home.ts";
import { signInSettings } from "../../harness/upstream_settings.ts";

const home = new Home();
afterAll(() => home[Symbol.dispose]());

const SECRET = "s3cret-value";
const ENVIRONMENT = { SECRET, QUOTED: 'a"b', WHOLE: '{"client_id":"me"}' };

function file(text: string): string {
  const path = join(home.folder, `${crypto.randomUUID()}.json`);
  writeFileSync(path, text);
  return `@${path}`;
}

/** Reads the words behind the URL, the callback's port among them. */
async function read(...words: string[]): Promise<{ settings: SignInSettings; advice: string[] }> {
  return await readOver(undefined, ...words);
}

/** As `read`, over what the registry says. */
async function readOver(
  base: SignInSettings | undefined,
  ...words: string[]
): Promise<{ settings: SignInSettings; advice: string[] }> {
  const advice: string[] = [];
  const { operands, flags } = await readWords(connectCommand, ["https://a.example/", ...words]);
  const settings = await readSignIn(operands[1], flags, {
    environment: ENVIRONMENT,
    allowHttp: flags["allow-http"],
    advise: (text) => advice.push(text),
    base,
  });
  return { settings, advice };
}

const DEFAULTS = signInSettings();

const INFO = "--static-oauth-client-info";
const METADATA = "--static-oauth-client-metadata";
const ME = { "client_id": "me" };
const WITH_SECRET = { "client_id": "me", "client_secret": SECRET };

const READ: [words: string[], settings: Partial<SignInSettings>][] = [
  [[], {}],
  [["3334"], { callbackPort: 3334, callbackHost: process.platform === "win32" ? undefined : "localhost" }],
  [["--host", "127.0.0.1"], { callbackHost: "127.0.0.1" }],
  [["--host", "Localhost"], { callbackHost: "Localhost" }],
  [["--host", "[::1]"], { callbackHost: "[::1]" }],
  [["--callback-path", "/custom/callback"], { callbackPath: "/custom/callback" }],
  [["--auth-success-url", "https://a.example/done"], { successUrl: new URL("https://a.example/done") }],
  [["--auth-success-url", "http://localhost:1/done"], { successUrl: new URL("http://localhost:1/done") }],
  [["--auth-success-url", "http://a.example/", "--allow-http"], { successUrl: new URL("http://a.example/") }],
  [["--auth-timeout", "60"], { timeout: 60_000 }],
  [["--resource", " https://a.example/x "], { resource: { kind: "given", uri: "https://a.example/x" } }],
  [["--resource", "urn:x:y"], { resource: { kind: "given", uri: "urn:x:y" } }],
  [["--resource", ""], { resource: { kind: "none" } }],
  [["--disable-resource-parameter"], { resource: { kind: "none" } }],
  [["--resource", "https://a.example/", "--disable-resource-parameter"], { resource: { kind: "none" } }],
  [
    [
      "--authorize-param",
      "prompt=consent",
      "--authorize-param",
      " audience =https://a/?b=c",
      "--authorize-param",
      "x=",
    ],
    { authorizeParams: new Map([["prompt", "consent"], ["audience", "https://a/?b=c"], ["x", ""]]) },
  ],
  [[METADATA, '{"scope":"a b","x":"${SECRET}"}'], { clientMetadata: { scope: "a b", x: "${SECRET}" } }],
  [[METADATA, file('{"scope":"a"}')], { clientMetadata: { scope: "a" } }],
  [[INFO, '{"client_id":"me"}'], { clientInfo: ME }],
  [[INFO, '{"client_id":"me","client_secret":"${SECRET}"}'], { clientInfo: WITH_SECRET }],
  [[INFO, file('{"client_id":"me","client_secret":"${SECRET}"}')], { clientInfo: WITH_SECRET }],
  [[INFO, '{"client_id":"me","client_secret":"${QUOTED}"}'], {
    clientInfo: { "client_id": "me", "client_secret": 'a"b' },
  }],
  [[INFO, "${WHOLE}"], { clientInfo: ME }],
  [
    ["--client-metadata-url", " https://a.example/client "],
    { clientMetadataUrl: new URL("https://a.example/client") },
  ],
  [["--client-metadata-url", ""], {}],
  [["--device-code"], { grant: "device_code" }],
  [["--client-credentials", INFO, "${WHOLE}"], { grant: "client_credentials", clientInfo: ME }],
  [
    ["--client-credentials", INFO, "${WHOLE}", "--token-endpoint", "http://127.0.0.1:1/token"],
    { grant: "client_credentials", clientInfo: ME, tokenEndpoint: new URL("http://127.0.0.1:1/token") },
  ],
  [["--use-id-token"], { useIdToken: true }],
];

describe("readSignIn", () => {
  test.each(READ)("reads %j", async (words, settings) => {
    expect(await read(...words)).toEqual({ settings: { ...DEFAULTS, ...settings }, advice: [] });
  });

  const REFUSED: [words: string[], code: string, message: string][] = [
    [["0"], "bad_argument", 'the callback port is no port: "0"'],
    [["70000"], "bad_argument", 'the callback port is no port: "70000"'],
    [["--token-command", " "], "bad_argument", '"--token-command" names no program'],
    [["--host", "a/b"], "bad_argument", '"--host" wants the name of a host: "a/b"'],
    [["--host", "a:1"], "bad_argument", '"--host" wants the name of a host: "a:1"'],
    [["--host", "u@a"], "bad_argument", '"--host" wants the name of a host: "u@a"'],
    [
      ["--callback-path", "x"],
      "bad_argument",
      '"--callback-path" wants a path that begins with a slash: "x"',
    ],
    [["--callback-path", "/a?b"], "bad_argument", '"--callback-path" wants a path that begins with a slash: "/a?b"'],
    [["--callback-path", "/wait-for-auth"], "bad_argument", 'the callback path "/wait-for-auth" is taken'],
    [["--callback-path", "/.mcp-remote/id"], "bad_argument", 'the callback path "/.mcp-remote/id" is taken'],
    [["--auth-success-url", "done"], "bad_url", 'the address of "--auth-success-url" is no address'],
    [["--auth-success-url", "http://a.example/"], "bad_url", 'the address of "--auth-success-url" is not encrypted'],
    [
      ["--auth-success-url", "ftp://a/", "--allow-http"],
      "bad_url",
      'the address of "--auth-success-url" is not encrypted',
    ],
    [
      ["--auth-success-url", `https://u:${SECRET}@a.example/`],
      "bad_url",
      'the address of "--auth-success-url" holds a user name or a password',
    ],
    ...["?a=1", "#a", "?", "#"].map((end): [string[], string, string] => [
      ["--auth-success-url", `https://a.example/${end}`],
      "bad_url",
      'the address of "--auth-success-url" holds a query or a fragment',
    ]),
    [["--auth-timeout", "0"], "bad_argument", '"--auth-timeout" wants more than 0 seconds: "0"'],
    [["--auth-timeout", "soon"], "bad_argument", '"--auth-timeout" wants a number of seconds: "soon"'],
    [
      ["--resource", "mcp"],
      "bad_argument",
      '"--resource" wants an absolute URI without a fragment: "mcp"',
    ],
    [["--authorize-param", SECRET], "bad_argument", 'an "--authorize-param" is not of the form KEY=VALUE'],
    [["--authorize-param", `=${SECRET}`], "bad_argument", 'an "--authorize-param" is not of the form KEY=VALUE'],
    ...["client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method"].map(
      (name): [string[], string, string] => [
        ["--authorize-param", `${name}=${SECRET}`],
        "bad_argument",
        `"--authorize-param" cannot set "${name}": each sign-in has its own`,
      ],
    ),
    ...[METADATA, INFO].flatMap((flag): [string[], string, string][] => [
      [[flag, `{"client_id":"${SECRET}`], "bad_argument", `"${flag}" wants an object of JSON`],
      [[flag, `["${SECRET}"]`], "bad_argument", `"${flag}" wants an object of JSON`],
      [[flag, "null"], "bad_argument", `"${flag}" wants an object of JSON`],
      [[flag, file(SECRET)], "bad_argument", `"${flag}" wants an object of JSON`],
      [
        [flag, `@${join("no", "such.json")}`],
        "unreadable_file",
        `cannot read ${JSON.stringify(join("no", "such.json"))} for "${flag}" (ENOENT)`,
      ],
    ]),
    [[INFO, "{}"], "bad_argument", `"${INFO}" wants a client_id, and a client_secret that is a string`],
    [
      [INFO, '{"client_id":"a","client_secret":7}'],
      "bad_argument",
      `"${INFO}" wants a client_id, and a client_secret that is a string`,
    ],
    [
      [INFO, '{"client_id":"a","client_secret":"${UNSET}"}'],
      "bad_argument",
      `"${INFO}" uses \${UNSET}, which is not set`,
    ],
    ...["https://a.example", "http://localhost/a", "https://a.example/a#b"].map((url): [string[], string, string] => [
      ["--client-metadata-url", url],
      "bad_url",
      'the address of "--client-metadata-url" is not https with a path and without a fragment',
    ]),
    [["--client-credentials"], "bad_argument", '"--client-credentials" wants the client that signs in'],
    [
      ["--client-credentials", "--device-code"],
      "bad_argument",
      '"--client-credentials" and "--device-code" exclude each other',
    ],
    [
      ["--token-endpoint", "https://a.example/"],
      "bad_argument",
      '"--token-endpoint" is for "--client-credentials" alone',
    ],
    ...([
      ["http://a.example/token", "is not encrypted"],
      [`https://u:${SECRET}@a.example/token`, "holds a user name or a password"],
      ["https://a.example/token#a", "holds a fragment"],
      ["token", "is no address"],
    ] as const).map(([url, fault]): [string[], string, string] => [
      ["--client-credentials", INFO, "${WHOLE}", "--token-endpoint", url],
      "bad_url",
      `the address of "--token-endpoint" ${fault}`,
    ]),
  ];
  test.each(REFUSED)("refuses %j, with a hint and without a secret", async (words, code, message) => {
    const refusal = await read(...words).catch((thrown) => thrown);
    expect([refusal.code, refusal.message]).toEqual([code, message]);
    expect(refusal.hint).toBeString();
    expect(`${refusal.message} ${refusal.hint}`).not.toContain(SECRET);
  });

  test("advises against a secret in the arguments, and against a resource in the wrong place, without values", async () => {
    const literal = await read(INFO, JSON.stringify(WITH_SECRET));
    expect(literal.settings.clientInfo).toEqual(WITH_SECRET);
    expect(literal.advice).toEqual([
      `the client_secret of "${INFO}" stands in the process list: write it as "\${VAR}", or use "@FILE"`,
    ]);
    expect((await read(INFO, file(JSON.stringify(WITH_SECRET)))).advice).toEqual([]);
    expect((await read("--authorize-param", "resource=https://a/")).advice).toEqual([
      '"--authorize-param resource=..." is for the authorization request alone: use "--resource URI"',
    ]);
  });
});

test("flags go before what the registry says, and leave the rest of it", async () => {
  const base = signInSettings({
    grant: "client_credentials",
    clientInfo: WITH_SECRET,
    tokenEndpoint: new URL("https://as.example/token"),
    callbackPort: 3_334,
    callbackPath: "/back",
    resource: { kind: "none" },
    authorizeParams: new Map([["prompt", "consent"], ["a", "1"]]),
    clientMetadata: { scope: "a" },
    clientMetadataUrl: new URL("https://me.example/client"),
    provider: "github",
    useIdToken: true,
    mayLackPkce: true,
    anyNetwork: true,
  });
  expect((await readOver(base)).settings).toEqual(base);
  const words = [
    "4000",
    "--resource",
    "urn:b",
    "--authorize-param",
    "a=2",
    METADATA,
    '{"scope":"b"}',
    "--provider",
    "slack",
  ];
  expect((await readOver(base, ...words)).settings).toEqual({
    ...base,
    callbackPort: 4_000,
    resource: { kind: "given", uri: "urn:b" },
    authorizeParams: new Map([["prompt", "consent"], ["a", "2"]]),
    clientMetadata: { scope: "b" },
    provider: "slack",
  });
  const device = (await readOver(base, "--device-code", "--client-metadata-url", "")).settings;
  expect(device).toMatchObject({ grant: "device_code", tokenEndpoint: undefined, clientMetadataUrl: undefined });
});
