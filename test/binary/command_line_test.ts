/** What a person types at the executable, and what comes back: every word on both outputs, and the exit code. */
import { afterAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { freePort } from "../harness/free_port.ts";
import { Home } from "../harness/home.ts";

const URL_WORD = "https://mcp.example.com/mcp";
const PORT = "give a number from 1 to 65535, or leave it out";
const SEE_HELP = 'run "mcp-bridge --help" for what can be said';
const FORM = 'write it like --header "X-Api-Key: ${MY_KEY}"';
const WHOLE_URL = 'give the whole URL, for example "https://example.com/mcp"';
const NO_NAME = 'give the whole URL, or see "mcp-bridge list" and "mcp-bridge add"';
const NO_CREDENTIALS = 'leave it out, and give an "Authorization" line with "--header-file FILE"';
const ENCRYPT = 'use "https://" or "wss://", or add "--allow-http" on a network that you trust';
const LATIN = "look for line breaks and for letters beyond Latin-1";
const SECONDS = (flag: string): string => `for example "${flag} 30"`;
const MEBIBYTES = 'for example "--max-message 64"';
const ESCAPE = "\u001b]8;;http://evil.example\u0007\u001b[31m";

const home = new Home();
afterAll(() => home[Symbol.dispose]());
writeFileSync(join(home.folder, "good.txt"), "# mine\r\n\r\nX-One: 1\r\n  \nX-Two: ${SET}\n");
writeFileSync(join(home.folder, "bad.txt"), "X-One: 1\nhunter2\n");
writeFileSync(join(home.folder, "unset.txt"), "X-One: ${SET}${NOT_SET}\n");

interface Transcript {
  stdout: string;
  stderr: string;
  exitCode: number;
}

function say(...words: string[]): Transcript {
  const { stdout, stderr, exitCode } = Bun.spawnSync([EXECUTABLE, ...words], {
    cwd: home.folder,
    env: { ...home.env, SET: "2", LINES: "a\nb" },
    stdin: "ignore",
  });
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

const WRONG: [words: string[], error: string, hint: string][] = [
  [[], "the url is missing", SEE_HELP],
  [["connect"], "the url is missing", SEE_HELP],
  [["--debug"], "the url is missing", SEE_HELP],
  [[""], '"" is no address of a server', WHOLE_URL],
  [["not a url"], 'there is no server "not a url" in servers.json', NO_NAME],
  [
    ["mcp.example.org/mcp"],
    '"mcp.example.org/mcp" is no address of a server',
    'give the whole URL, for example "https://mcp.example.org/mcp"',
  ],
  [["https://"], '"https://" is no address of a server', WHOLE_URL],
  [["https://a:99999/"], 'the port of the address is no port: "99999"', PORT],
  [["https://[::1]:70000"], 'the port of the address is no port: "70000"', PORT],
  [["https://a:port/"], '"https://a:port/" is no address of a server', WHOLE_URL],
  [["javascript:alert(1)"], '"javascript:alert(1)" is no address of a server', WHOLE_URL],
  [["data:text/html,x"], '"data:text/html,x" is no address of a server', WHOLE_URL],
  [
    ["javascript://%0aalert(1)"],
    'the scheme "javascript:" is not supported',
    'use an "https://" or a "wss://" address',
  ],
  [["file:///etc/passwd"], 'the scheme "file:" is not supported', 'use an "https://" or a "wss://" address'],
  [["ftp://example.com/mcp"], 'the scheme "ftp:" is not supported', 'use an "https://" or a "wss://" address'],
  [["ws://example.com/mcp"], '"ws://example.com" is not encrypted: anybody on the way reads along', ENCRYPT],
  [["vbscript://x"], 'the scheme "vbscript:" is not supported', 'use an "https://" or a "wss://" address'],
  [["MS-MSDT://x"], 'the scheme "ms-msdt:" is not supported', 'use an "https://" or a "wss://" address'],
  [["http://example.com/mcp"], '"http://example.com" is not encrypted: anybody on the way reads along', ENCRYPT],
  [["http://10.0.0.1:80/"], '"http://10.0.0.1" is not encrypted: anybody on the way reads along', ENCRYPT],
  [["http://localhost.:3000/"], '"http://localhost.:3000" is not encrypted: anybody on the way reads along', ENCRYPT],
  [
    ["http://localhost.example.com/"],
    '"http://localhost.example.com" is not encrypted: anybody on the way reads along',
    ENCRYPT,
  ],
  [["http://127.0.0.1.nip.io/"], '"http://127.0.0.1.nip.io" is not encrypted: anybody on the way reads along', ENCRYPT],
  [["https://me:hunter2@example.com/"], "the address contains a user name or a password", NO_CREDENTIALS],
  [["https://me@example.com/"], "the address contains a user name or a password", NO_CREDENTIALS],
  [["https://:hunter2@example.com/"], "the address contains a user name or a password", NO_CREDENTIALS],
  [["--ipv4", "https://[2001:db8::1]/mcp"], "[2001:db8::1] is an IPv6 address", 'leave "--ipv4" out'],
  [[URL_WORD, "more"], 'the callback port is no port: "more"', PORT],
  [["connect", URL_WORD, "70000"], 'the callback port is no port: "70000"', PORT],
  [[URL_WORD, "3334", "more"], '"more" is one word too many', SEE_HELP],
  [
    ["--debug=yes", URL_WORD],
    '"--debug" takes no value',
    'leave "=" out, and what stands behind it; run "mcp-bridge --help" for what can be said',
  ],
  [["--", URL_WORD], `"${URL_WORD}" is an address, not a program`, 'leave the "--" out'],
  [["--"], 'there is no command behind "--"', SEE_HELP],
  [["--insecure", "--", "server"], '"--insecure" is for servers with an address', "leave it out"],
  [[URL_WORD, "--hedaer", "X: 1"], 'there is no flag "--hedaer"', 'did you mean "--header"?'],
  [[URL_WORD, "--headerfile", "x"], 'there is no flag "--headerfile"', 'did you mean "--header-file"?'],
  [["--verison"], 'there is no flag "--verison"', 'did you mean "--version"?'],
  [[URL_WORD, "--frobnicate"], 'there is no flag "--frobnicate"', SEE_HELP],
  [[URL_WORD, "--__proto__", "1"], 'there is no flag "--__proto__"', SEE_HELP],
  [[URL_WORD, "-x"], 'there is no flag "-x"', SEE_HELP],
  [[URL_WORD, "--no-header"], 'there is no flag "--no-header"', SEE_HELP],
  [[URL_WORD, "--no-such"], 'there is no flag "--no-such"', SEE_HELP],
  [["--help", "--nope"], 'there is no flag "--nope"', SEE_HELP],
  [
    [URL_WORD, "--header"],
    '"--header" wants a value',
    'write "--header LINE", or "--header=LINE" where that begins with a dash',
  ],
  [
    [URL_WORD, "--header="],
    '"--header" wants a value',
    'write "--header LINE", or "--header=LINE" where that begins with a dash',
  ],
  [
    [URL_WORD, "--timeout", "--debug"],
    '"--timeout" wants a value',
    'write "--timeout SECONDS", or "--timeout=SECONDS" where that begins with a dash',
  ],
  [
    [URL_WORD, "--header", "X: 1", "--header"],
    '"--header" wants a value',
    'write "--header LINE", or "--header=LINE" where that begins with a dash',
  ],
  [[URL_WORD, "--header", "hunter2"], 'a header of "--header" is not of the form "Name: value"', FORM],
  [[URL_WORD, "--header", ": hunter2"], 'a header of "--header" is not of the form "Name: value"', FORM],
  [[URL_WORD, "--header", "X Y: hunter2"], 'a header of "--header" is not of the form "Name: value"', FORM],
  [[URL_WORD, "--header", "X\r\nY: hunter2"], 'a header of "--header" is not of the form "Name: value"', FORM],
  [[URL_WORD, "--header", "Host: a"], 'the header "Host" belongs to the protocol', "leave it out"],
  [[URL_WORD, "--header", "MCP-Session-ID: a"], 'the header "MCP-Session-ID" belongs to the protocol', "leave it out"],
  [[URL_WORD, "--header", "content-length: 1"], 'the header "content-length" belongs to the protocol', "leave it out"],
  [
    [URL_WORD, "--header", "X: ${NOT_SET}"],
    'the header "X" uses ${NOT_SET}, which is not set',
    "set NOT_SET in the environment of the program that starts mcp-bridge",
  ],
  [
    [URL_WORD, "--header-file", "unset.txt"],
    'the header "X-One" uses ${NOT_SET}, which is not set',
    "set NOT_SET in the environment of the program that starts mcp-bridge",
  ],
  [
    [URL_WORD, "--header", "X: a\rY: hunter2"],
    'the value of the header "X" holds a character that HTTP does not allow',
    LATIN,
  ],
  [[URL_WORD, "--header", "X: 5 €"], 'the value of the header "X" holds a character that HTTP does not allow', LATIN],
  [
    [URL_WORD, "--header", "X: ${LINES}"],
    'the value of the header "X" holds a character that HTTP does not allow',
    LATIN,
  ],
  [
    [URL_WORD, "--header-file", "missing.txt"],
    'cannot read the header file "missing.txt" (ENOENT)',
    'give "--header-file" a file with one "Name: value" line for each header',
  ],
  [
    [URL_WORD, "--header-file", "."],
    'cannot read the header file "." (EISDIR)',
    'give "--header-file" a file with one "Name: value" line for each header',
  ],
  [[URL_WORD, "--header-file", "bad.txt"], 'a header of "bad.txt" is not of the form "Name: value"', FORM],
  [[URL_WORD, "--timeout", "soon"], '"--timeout" wants a number of seconds: "soon"', SECONDS("--timeout")],
  [[URL_WORD, "--timeout", "1s"], '"--timeout" wants a number of seconds: "1s"', SECONDS("--timeout")],
  [[URL_WORD, "--timeout", " "], '"--timeout" wants a number of seconds: " "', SECONDS("--timeout")],
  [[URL_WORD, "--timeout=-1"], '"--timeout" wants a number of seconds: "-1"', SECONDS("--timeout")],
  [[URL_WORD, "--body-timeout", "NaN"], '"--body-timeout" wants a number of seconds: "NaN"', SECONDS("--body-timeout")],
  [
    [URL_WORD, "--connect-timeout", "Infinity"],
    '"--connect-timeout" wants a number of seconds: "Infinity"',
    SECONDS("--connect-timeout"),
  ],
  [
    [URL_WORD, "--headers-timeout", "1,5"],
    '"--headers-timeout" wants a number of seconds: "1,5"',
    SECONDS("--headers-timeout"),
  ],
  [
    [URL_WORD, "--sign-in-grace", "x"],
    '"--sign-in-grace" wants a number of seconds: "x"',
    SECONDS("--sign-in-grace"),
  ],
  [
    [URL_WORD, "--cures", "all"],
    '"--cures" does not know "all"',
    "use none, or some of auto,merge-lists,null-arguments,line-separators",
  ],
  [[URL_WORD, "--no-ignore-tool"], 'there is no flag "--no-ignore-tool"', SEE_HELP],
  [[URL_WORD, "--max-message", "0"], '"--max-message" wants a whole number of MiB from 1 to 1024: "0"', MEBIBYTES],
  [[URL_WORD, "--max-message", "1.5"], '"--max-message" wants a whole number of MiB from 1 to 1024: "1.5"', MEBIBYTES],
  [
    [URL_WORD, "--max-message", "1025"],
    '"--max-message" wants a whole number of MiB from 1 to 1024: "1025"',
    MEBIBYTES,
  ],
  [[URL_WORD, "--max-message", "64k"], '"--max-message" wants a whole number of MiB from 1 to 1024: "64k"', MEBIBYTES],
  // Escapes of a terminal are shown, not obeyed.
  [[ESCAPE], `${JSON.stringify(ESCAPE)} is no address of a server`, WHOLE_URL],
  [[URL_WORD, ESCAPE], `the callback port is no port: ${JSON.stringify(ESCAPE)}`, PORT],
  [[URL_WORD, "1", ESCAPE], `${JSON.stringify(ESCAPE)} is one word too many`, SEE_HELP],
  [[URL_WORD, `--${ESCAPE}`], `there is no flag ${JSON.stringify(`--${ESCAPE}`)}`, SEE_HELP],
  [
    [URL_WORD, "--timeout", ESCAPE],
    `"--timeout" wants a number of seconds: ${JSON.stringify(ESCAPE)}`,
    SECONDS("--timeout"),
  ],
];

describe("wrong words end with exit code 2, nothing on stdout, and one error with one hint", () => {
  for (const [words, error, hint] of WRONG) {
    test(JSON.stringify(words), () => {
      expect(say(...words)).toEqual({
        stdout: "",
        stderr: `mcp-bridge: error: ${error}\nmcp-bridge: hint: ${hint}\n`,
        exitCode: 2,
      });
    });
  }

  test("also where silence was asked for", () => {
    const { stderr, exitCode } = say("--silent", "nowhere");
    expect(stderr).toStartWith('mcp-bridge: error: there is no server "nowhere"');
    expect(exitCode).toBe(2);
  });
});

const HELP = `usage: mcp-bridge <url> [callback-port] [name ...] [flags]
       mcp-bridge [flags] -- <command> [arguments]

Connects the MCP client on standard input and output to an MCP server.

  <url>                      the server, such as https://mcp.example.com/mcp, or
                             its name in servers.json
  [callback-port]            where a sign-in in the browser comes back to
  [name ...]                 further servers of servers.json: the client sees
                             all of them as one
  <command>                  a server on this machine in place of an address,
                             started by us without a shell

commands:
  serve                      all servers of servers.json at one local address
  add                        put a server into servers.json, by a name
  list                       the servers in servers.json
  show                       what servers.json says of a server
  remove                     take a server out of servers.json
  search                     find servers in the official MCP registry
  install                    put a server into a client's configuration
  uninstall                  take our entries out of a client's configuration
  import                     take over entries and sign-ins of mcp-remote
  tools                      what a server can do, and with which arguments
  call                       call a tool of a server
  resources                  what a server has to read; reads it
  prompts                    the prompts of a server; gets one
  login                      sign in to a server, in the browser
  logout                     forget the tokens of a server, and revoke them
  status                     who is signed in where, and until when
  doctor                     what is wrong, and what cures it
  vault                      what keeps the tokens shut, and moves them
  completion                 what makes a shell complete all this
  help                       what can be said to a command
  version                    which build this is

requests:
  --header LINE              send "Name: value" with every request; \${VAR} is
                             taken from the environment
  --header-file FILE         read such headers from a file, one a line, # for
                             comments
  --allow-http               allow plain http beyond this machine, on a network
                             that you trust
  --transport ORDER          the HTTP transport to try first, or only:
                             http-first, sse-first, http-only, sse-only
                             (http-first)
  --protocol ERA             auto speaks the client's era of MCP where the
                             server can, and translates where not; legacy never
                             translates; modern speaks 2026-07-28 alone (auto)
  --max-message MIB          refuse larger messages (64)
  --keep-alive               ping the server now and then, so that nobody takes
                             the session for dead
  --ping-interval SECONDS    as --keep-alive, this often (30)

the client:
  --ignore-tool GLOB         take away the tools of this name; * stands for any
                             letters
  --cures LIST               what to do for a client with faults: what it is
                             known to need (auto), none, or
                             merge-lists,null-arguments,line-separators (auto)
  --sign-in-grace SECONDS    answer the host's first request ourselves if the
                             server is not ready (20)
  --no-attach                do not go through a "mcp-bridge serve" that runs

network:
  --ca FILE                  trust the authorities in this PEM file, in place of
                             the system's
  --cert FILE                show this client certificate, with --key
  --key FILE                 the key of the client certificate
  --insecure                 do not check the server's certificate; anybody on
                             the way can read along
  --disable-cookies          do not send the server's cookies back to it
  --ipv4                     connect over IPv4 only; a proxy is reached as it
                             comes
  --enable-proxy             needless: the environment's proxy is used anyway

time-outs (0 waits for ever):
  --connect-timeout SECONDS  give up if no connection comes about (10)
  --headers-timeout SECONDS  give up if an answer has not begun (0)
  --body-timeout SECONDS     give up if an answer that has begun falls silent
                             (300)
  --timeout SECONDS          give up if a request has no answer (0)

servers.json:
  --all                      connect to every server there; the client sees all
                             of them as one

sign-in:
  --host NAME                the name of this machine in the callback's address
  --callback-path PATH       the path of the callback's address
  --auth-success-url URL     where the browser goes after a sign-in
  --auth-timeout SECONDS     how long a person may take to sign in (300)
  --resource URI             the resource that a token is for, in place of the
                             server's own
  --disable-resource-parameter
                             name no resource when asking for a token
  --authorize-param KEY=VALUE
                             a further parameter of the authorization request,
                             such as prompt=consent
  --static-oauth-client-metadata JSON
                             what to register instead of our own, such as a
                             scope; or @FILE
  --static-oauth-client-info JSON
                             a client that is registered: client_id,
                             client_secret; or @FILE; \${VAR} is taken from the
                             environment
  --client-metadata-url URL  the document that describes the client, as its id;
                             empty for none
  --client-credentials       sign in as that client, without a person
  --token-endpoint URL       where tokens are asked for, with
                             --client-credentials; nothing is discovered then
  --device-code              let the person use a browser on another machine
  --assertion-file FILE      sign in by the signed word (JWT) of a platform that
                             runs us, in this file
  --idp-token-endpoint URL   sign in by the word of this identity provider
  --idp-client-info JSON     who we are to it: client_id, client_secret; or
                             @FILE
  --idp-token-file FILE      the file with the person's id token of it
  --provider NAME            who signs people in for a server that publishes
                             nothing about it: github, google, ...
  --token-command WORDS      a program that prints the token, started without a
                             shell
  --token-lifetime SECONDS   how long that token is used (300)
  --use-id-token             send the id token in place of the access token
  --allow-no-pkce            sign in where nobody promises PKCE: who steals the
                             code on its way can use it
  --allow-private-network    let a server on the internet lead the sign-in into
                             a network of yours
  --account NAME             which of several accounts at the server, by a name
                             of your own (default)
  --vault-key KIND           where the key of the vault is: keychain, file or
                             passphrase (in MCP_BRIDGE_PASSPHRASE)

output:
  --debug                    say what happens, on standard error
  --silent                   say nothing but errors
  --help                     print this help
  --version                  print the version

examples:
  mcp-bridge https://mcp.example.com/mcp
  mcp-bridge https://mcp.example.com/mcp --header 'X-Api-Key: \${MY_KEY}'
  mcp-bridge http://127.0.0.1:3000/mcp --debug
  mcp-bridge linear --account work
  mcp-bridge connect linear github
  mcp-bridge -- npx -y @modelcontextprotocol/server-everything
`;

describe("what was asked for by name goes to stdout", () => {
  test.each([[["--help"]], [["connect", "--help"]], [["--help", URL_WORD, "more"]], [["nowhere", "--help"]]])(
    "%j prints the help",
    (words) => expect(say(...words)).toEqual({ stdout: HELP, stderr: "", exitCode: 0 }),
  );

  test.each([[["--version"]], [["connect", "--version"]], [["--version", "--help"]], [[URL_WORD, "--version"]]])(
    "%j prints the version of the package",
    (words) => expect(say(...words)).toEqual({ stdout: `${version}\n`, stderr: "", exitCode: 0 }),
  );
});

// The input has ended before it began, so the process has nothing to do and says nothing.
const RIGHT: string[][] = [
  [URL_WORD],
  ["connect", URL_WORD],
  ["HTTPS://MCP.example.com"],
  ["https://mcp.example.com/mcp?key=1#part"],
  ["http://localhost:3000/mcp"],
  ["http://mcp.localhost/mcp"],
  ["http://127.0.0.1/mcp"],
  ["http://127.1/mcp"],
  ["http://0x7f.1/mcp"],
  ["http://[::1]:3000/mcp"],
  ["http://example.com/mcp", "--allow-http"],
  ["--allow-http", "http://10.0.0.1/mcp"],
  ["--debug", URL_WORD],
  ["--silent", URL_WORD],
  ["--", "no-such-program"],
  [URL_WORD, "--header", "X-Api-Key: ${SET}", "--header=X-Other:1"],
  [URL_WORD, "--header", "X-Empty:"],
  [URL_WORD, "--header-file", "good.txt"],
  [URL_WORD, "--timeout", "1", "--timeout", "0.5", "--body-timeout=0", "--headers-timeout", "30"],
  [URL_WORD, "--connect-timeout", "0", "--sign-in-grace", "1", "--max-message", "1024"],
  [URL_WORD, "--cures", "none"],
  [URL_WORD, "--cures", "auto, line-separators", "--ignore-tool", "a*", "--ignore-tool", "b"],
];

describe("right words with nothing to do end with exit code 0, in silence", () => {
  test.each(RIGHT.map((words) => [words]))("%j", (words) => {
    expect(say(...words)).toEqual({ stdout: "", stderr: "", exitCode: 0 });
  });
});

test("a credential in the arguments is used all the same, and the safer way is named without it", () => {
  const info = JSON.stringify({ "client_id": "me", "client_secret": "hunter2" });
  const words = [URL_WORD, "--header", "Authorization: Bearer hunter2", "--static-oauth-client-info", info];
  expect(say(...words)).toEqual({
    stdout: "",
    stderr: [
      'mcp-bridge: the value of "Authorization" stands in the process list: write it as "${VAR}", or use "--header-file FILE"',
      'mcp-bridge: the client_secret of "--static-oauth-client-info" stands in the process list: write it as "${VAR}", or use "@FILE"',
      "",
    ].join("\n"),
    exitCode: 0,
  });
  expect(say(...words, "--silent").stderr).toBe("");
});

test("what a person gives as headers is what the server gets, the later one winning", async () => {
  using server = new FakeMcp();
  const stdin = new TextEncoder().encode('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  const words = ["--header", "X-One: over", "--header", "x-api: a${SET}b${SET}", "--header-file", "good.txt"];
  Bun.spawnSync([EXECUTABLE, server.url, ...words, "--header", "X-Latin: caf\u00e9"], {
    cwd: home.folder,
    env: { ...home.env, SET: "2" },
    stdin,
  });
  const { headers } = await server.seen.find(({ method }) => method === "POST");
  expect(headers.get("x-api")).toBe("a2b2");
  expect(headers.get("x-one")).toBe("1");
  expect(headers.get("x-two")).toBe("2");
  expect(headers.get("x-latin")).toBe("caf\u00e9");
});

describe("a server that is down at the start", () => {
  test("is waited for: the process says so on stderr, and answers once the server is there", async () => {
    const port = await freePort();
    await using bridge = new Executable(`http://127.0.0.1:${port}/mcp`);
    const initialized = bridge.initialize();
    expect(await bridge.stderr.find(() => true)).toBe(
      `mcp-bridge: 127.0.0.1:${port} does not accept connections (ECONNREFUSED); trying again`,
    );
    expect(bridge.output.items).toEqual([]);
    using _server = new FakeMcp(port);
    expect((await initialized).result.serverInfo.name).toBe("fake");
    expect((await bridge.request({ id: 1, method: "tools/list" })).result).toBeDefined();
    expect(new Set(bridge.stderr.items).size).toBe(1);
  });

  test("has its initialize answered in its place after --sign-in-grace, and the lists follow", async () => {
    const port = await freePort();
    await using bridge = new Executable(`http://127.0.0.1:${port}/mcp`, "--sign-in-grace", "1");
    const start = performance.now();
    const { result } = await bridge.initialize();
    expect(performance.now() - start).toBeGreaterThan(950);
    const listChanged = true;
    expect(result).toEqual({
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged }, prompts: { listChanged }, resources: { listChanged } },
      serverInfo: { name: `127.0.0.1:${port}`, version: "unknown" },
    });
    using server = new FakeMcp(port);
    expect((await bridge.request({ id: 1, method: "tools/list" })).result).toEqual({ echo: {} });
    await bridge.output.find((line) => line.includes("notifications/resources/list_changed"));
    expect(server.posted("initialize")[0]!.params.clientInfo.name).toBe("by-hand");
    expect(bridge.output.items.filter((line) => JSON.parse(line).id === "initialize")).toHaveLength(1);
  });

  test("is spoken of under --debug in every detail, and under --silent not at all", async () => {
    const port = await freePort();
    await using loud = new Executable(`http://127.0.0.1:${port}/mcp`, "--debug", "--sign-in-grace", "0.3");
    await using silent = new Executable(`http://127.0.0.1:${port}/mcp`, "--silent", "--sign-in-grace", "0.3");
    await Promise.all([loud.initialize(), silent.initialize()]);
    await loud.stderr.find((line) => line.startsWith("mcp-bridge: no session with the server yet: "));
    for (const bridge of [loud, silent]) bridge.endInput();
    expect(await Promise.all([loud.exit(2_000), silent.exit(2_000)])).toEqual([0, 0]);
    await silent.stderr.ended;
    expect(silent.stderr.items).toEqual([]);
    expect(loud.stderr.items.every((line) => line.startsWith("mcp-bridge: "))).toBe(true);
  });
});

test("--debug says what becomes of messages that have no place to go, and without it nothing is said", async () => {
  using server = new FakeMcp();
  server.offersStream = false;
  const said = await Promise.all([["--debug"], []].map(async (words) => {
    await using bridge = new Executable(server.url, ...words);
    await bridge.initialize();
    bridge.send({ jsonrpc: "2.0", id: 99, result: {} });
    bridge.endInput();
    await bridge.exit(2_000);
    await bridge.stderr.ended;
    return bridge.stderr.items;
  }));
  expect(said[0]).toContain("mcp-bridge: dropped an answer of the client that the server does not wait for");
  expect(said[1]).toEqual([]);
});
