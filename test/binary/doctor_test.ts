/** `mcp-bridge doctor` on this machine: worlds that are really broken, and what it says, mends and leaves alone. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Outcome as Checked } from "../../src/app/doctor/examine.ts";
import type { Report } from "../../src/app/doctor/report.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openVault, type Vault } from "../../src/vault/vault.ts";
import { EXECUTABLE } from "../../scripts/build.ts";
import { type Outcome, outcomeOf, type Surroundings } from "../harness/executable.ts";
import { FakeKeychain } from "../harness/fake_keychain.ts";
import { Home } from "../harness/home.ts";
import { Keyring, keyringIsAbsent } from "../harness/keyring.ts";
import { sweep } from "../harness/secret_sweep.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

const onUnix = test.skipIf(process.platform === "win32");
const onLinux = test.skipIf(process.platform !== "linux");

let home: Home;
/** The folder of all files of ours. */
let folder: string;

beforeEach(() => {
  home = new Home();
  folder = home.env["MCP_BRIDGE_HOME"]!;
});
afterEach(() => {
  home[Symbol.dispose]();
});

/** A machine on which all is well: pages open, and the key of the vault is in a file. */
function surroundings(env: Readonly<Record<string, string>> = {}): Surroundings {
  return { cwd: home.folder, env: { ...home.env, BROWSER: "true", MCP_BRIDGE_VAULT_KEY: "file", ...env } };
}

async function doctor(
  env: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<Report & { exitCode: number }> {
  const { stdout, stderr, exitCode } = await outcomeOf(surroundings(env), "doctor", "--json", ...words);
  expect(stderr).toBe("");
  return { ...JSON.parse(stdout), exitCode };
}

/** What is wrong, as `code/fault`. */
function faultsOf({ checks }: Pick<Report, "checks">): string[] {
  return checks.flatMap(({ code, fault }) => fault === undefined ? [] : [`${code}/${fault}`]);
}

function found({ checks }: Pick<Report, "checks">, code: string): Checked {
  return checks.find((check) => check.code === code)!;
}

/** A vault with a row in it; its key is in a file. */
async function makeVault(): Promise<Vault> {
  const keychain = new FakeKeychain();
  const vault = openVault({ folder, keychain, keyKind: "file", notify: () => {}, clock: systemClock });
  await vault.put("tokens", "a", "x".repeat(9_000));
  return vault;
}

function write(path: string, text: string, mode = 0o600): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { mode });
  return path;
}

/** What stands in a folder, without what the system's own libraries make when they are asked for a keychain. */
function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith(".cache")).sort();
}

test("in a new home all is well, and nothing is made", async () => {
  const report = await doctor({});
  expect([report.exitCode, faultsOf(report)]).toEqual([0, []]);
  expect(filesBelow(home.folder)).toEqual([]);
});

test("with a vault all is well, and it is left as it was, to the row", async () => {
  const vault = await makeVault();
  const before = filesBelow(home.folder);
  const report = await doctor({});
  expect([report.exitCode, faultsOf(report)]).toEqual([0, []]);
  expect(found(report, "vault-secret").result).toBe("ok");
  expect(filesBelow(home.folder)).toEqual(before);
  expect((await vault.status()).rows).toBe(1);
});

onUnix("a vault that others may read is told and stays so; --fix closes it, and all is well", async () => {
  await makeVault();
  const file = join(folder, "vault.db");
  chmodSync(file, 0o644);
  const report = await doctor({});
  expect([report.exitCode, faultsOf(report)]).toEqual([1, ["file-modes/open_to_others"]]);
  expect(found(report, "vault-opens")).toMatchObject({ result: "skip", blockedBy: "file-modes" });
  expect(statSync(file).mode & 0o777).toBe(0o644);
  const mended = await doctor({}, "--fix");
  expect([mended.exitCode, faultsOf(mended)]).toEqual([0, []]);
  expect(found(mended, "file-modes").fixed).toContain("closed");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each<[what: string, damage: (file: string) => void]>([
  ["was cut off", (file) => truncateSync(file, 5_000)],
  ["has rubbish in the place of its rows", (file) => writeFileSync(file, readFileSync(file).fill(0xff, 8_192))],
])("a vault that %s is told and stays where it is; --fix moves it aside", async (_what, damage) => {
  await makeVault();
  const file = join(folder, "vault.db");
  damage(file);
  const bytes = readFileSync(file);
  const report = await doctor({});
  expect([report.exitCode, faultsOf(report)]).toEqual([1, ["vault-opens/vault_damaged"]]);
  expect(found(report, "vault-opens").cure).toStartWith('run "mcp-bridge doctor --fix"');
  expect(readFileSync(file).equals(bytes)).toBe(true);
  const mended = await doctor({}, "--fix");
  const aside = join(folder, readdirSync(folder).find((name) => name.startsWith("vault.db.damaged-"))!);
  const fixed = `moved the damaged vault aside, to ${JSON.stringify(aside)}`;
  expect([mended.exitCode, found(mended, "vault-opens").fixed]).toEqual([0, fixed]);
  expect(readFileSync(aside).equals(bytes)).toBe(true);
});

test("a vault whose key file is lost is told", async () => {
  await makeVault();
  writeFileSync(join(folder, "vault-a.key"), "");
  const report = await doctor({});
  expect([report.exitCode, faultsOf(report)]).toEqual([1, ["vault-opens/vault_locked"]]);
});

test("a passphrase that is missing, or wrong, is told", async () => {
  const vault = openVault({
    folder,
    keychain: new FakeKeychain(),
    keyKind: "passphrase",
    passphrase: "correct horse",
    notify: () => {},
    clock: systemClock,
  });
  await vault.put("tokens", "a", 1);
  for (const env of [{} as Record<string, string>, { MCP_BRIDGE_PASSPHRASE: "wrong horse" }]) {
    const report = await doctor({ MCP_BRIDGE_VAULT_KEY: "passphrase", ...env });
    expect(faultsOf(report)).toEqual(["vault-opens/vault_locked"]);
    expect(found(report, "vault-opens").cure).toContain("MCP_BRIDGE_PASSPHRASE");
  }
  expect(faultsOf(await doctor({ MCP_BRIDGE_VAULT_KEY: "passphrase", MCP_BRIDGE_PASSPHRASE: "correct horse" })))
    .toEqual([]);
});

describe.skipIf(process.platform === "win32")("on a disk of its own", () => {
  const mounted = process.platform === "linux" && canMount();

  test.skipIf(!mounted)("that is full, it is told, and that the vault cannot be written", async () => {
    mkdirSync(folder, { mode: 0o700 });
    expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=96k,mode=700", "tmpfs", folder]).success).toBe(true);
    try {
      await makeVault();
      Bun.spawnSync(["sh", "-c", `cat /dev/zero > "$0/filler" 2>/dev/null; chmod 600 "$0/filler"`, folder]);
      const report = await doctor({});
      expect(report.exitCode).toBe(1);
      expect(faultsOf(report)).toContain("disk-space/full");
    } finally {
      Bun.spawnSync(["umount", folder]);
    }
  });

  test.skipIf(!mounted)("that may only be read, it is told", async () => {
    mkdirSync(folder, { mode: 0o700 });
    expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", folder]).success).toBe(true);
    try {
      await makeVault();
      expect(Bun.spawnSync(["mount", "-o", "remount,ro", folder]).success).toBe(true);
      const report = await doctor({});
      expect([report.exitCode, faultsOf(report)]).toEqual([
        1,
        ["file-places/not_writable", "disk-space/full"].slice(0, 1),
      ]);
    } finally {
      Bun.spawnSync(["umount", folder]);
    }
  });
});

function canMount(): boolean {
  using place = new Home();
  const isMounted = Bun.spawnSync(["mount", "-t", "tmpfs", "tmpfs", place.folder], { stderr: "ignore" }).success;
  if (isMounted) Bun.spawnSync(["umount", place.folder]);
  return isMounted;
}

describe.skipIf(keyringIsAbsent)("with gnome-keyring", () => {
  async function inSession(state: "unlocked" | "locked", keyring: Keyring): Promise<Report> {
    const env = Object.fromEntries(Object.entries(keyring.env).filter(([, value]) => value !== undefined));
    const { MCP_BRIDGE_HOME } = home.env;
    const { stdout } = await outcomeOf(
      {
        env: { ...env, BROWSER: "true", MCP_BRIDGE_HOME: MCP_BRIDGE_HOME! },
        before: keyring.session(state),
      },
      "doctor",
      "--json",
    );
    return JSON.parse(stdout);
  }

  test("one that is open keeps a test secret; one that is locked is told, with the way out", async () => {
    using keyring = new Keyring();
    const open = await inSession("unlocked", keyring);
    expect(found(open, "keychain")).toMatchObject({ result: "ok" });
    const locked = await inSession("locked", keyring);
    expect(faultsOf(locked)).toEqual(["keychain/locked"]);
    expect(found(locked, "keychain").cure).toContain("--vault-key file");
  }, 30_000);
});

onLinux.each<[what: string, env: Record<string, string>, fault: string]>([
  ["any certificate is to be trusted", { NODE_TLS_REJECT_UNAUTHORIZED: "0" }, "environment/unchecked_certificates"],
  ["requests are printed", { BUN_CONFIG_VERBOSE_FETCH: "curl" }, "environment/reveals_tokens"],
  ["keys of connections are kept", { SSLKEYLOGFILE: "/dev/null" }, "environment/keys_written"],
  ["code is loaded into us", { BUN_OPTIONS: "--smol" }, "environment/lets_others_in"],
  ["a debugger is let in", { BUN_INSPECT: "ws://127.0.0.1:0/" }, "environment/lets_others_in"],
  ["the key belongs into a keychain that is not there", { MCP_BRIDGE_VAULT_KEY: "keychain" }, "keychain/absent"],
  ["a proxy is none", { HTTPS_PROXY: "socks5://127.0.0.1:1" }, "proxy/bad_address"],
  [
    "proxies contradict each other",
    { HTTPS_PROXY: "http://a.invalid:1", https_proxy: "http://b.invalid:1" },
    "proxy/contradictory",
  ],
  ["the browser is not there", { BROWSER: "/nowhere/netscape" }, "browser/bad_variable"],
  ["there is no screen", { BROWSER: "" }, "browser/no_display"],
  ["the session is remote", { BROWSER: "", SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" }, "browser/ssh"],
  ["no opener is there", { BROWSER: "", DISPLAY: ":0", PATH: "/nowhere" }, "browser/no_opener"],
])("where %s, that is told", async (_what, env, fault) => {
  expect(faultsOf(await doctor(env))).toEqual([fault]);
});

onUnix("without a home it says so, and what does", async () => {
  const report = await doctor({ HOME: "", MCP_BRIDGE_HOME: "" });
  expect([report.exitCode, faultsOf(report)]).toEqual([1, ["file-places/no_home"]]);
  expect(found(report, "file-places").cure).toContain("MCP_BRIDGE_HOME");
});

onUnix("a folder of the vault that is a link is told", async () => {
  const elsewhere = join(home.folder, "elsewhere");
  mkdirSync(elsewhere, { mode: 0o700 });
  symlinkSync(elsewhere, folder);
  const report = await doctor({});
  expect([report.exitCode, faultsOf(report)]).toEqual([1, ["file-places/unsafe_file"]]);
});

test("a servers.json that does not parse is told with line and column, and by whatever name it is asked", async () => {
  const file = write(join(folder, "servers.json"), '{\n  "mcpServers": {\n    "linear": nothing\n');
  const bytes = readFileSync(file);
  for (const words of [[], ["linear"]]) {
    const report = await doctor({}, ...words);
    expect([report.exitCode, faultsOf(report)]).toEqual([1, ["servers-file/bad_registry"]]);
    expect(found(report, "servers-file").text).toContain(`${JSON.stringify(file)}, line 3, column 15`);
  }
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test("each broken entry is told, and the others are looked at all the same", async () => {
  write(join(folder, "servers.json"), JSON.stringify({ mcpServers: { a: { url: 1 }, b: {}, c: { command: "true" } } }));
  const report = await doctor({});
  const { fault, more } = found(report, "servers-file");
  expect([fault, more?.map((one) => one.fault)]).toEqual(["bad_entry", ["bad_entry"]]);
  expect(report.servers.map(({ name }) => name)).toEqual(["c"]);
});

test("clients that cannot start us are told, each by name", async () => {
  write(
    join(home.folder, ".cursor", "mcp.json"),
    '{"mcpServers": {"linear": {"command": "/nowhere/mcp-bridge", "args": []}}}',
  );
  write(join(home.folder, ".gemini", "settings.json"), '{"mcpServers": ');
  write(
    join(home.folder, ".codex", "config.toml"),
    `[mcp_servers.here]\ncommand = "${EXECUTABLE}"\nargs = ["nobody"]\n`,
  );
  const report = await doctor({ XDG_CONFIG_HOME: join(home.folder, ".config") });
  const { text, fault, more = [] } = found(report, "clients");
  expect(report.exitCode).toBe(1);
  expect([fault, ...more.map((one) => one.fault)].sort()).toEqual([
    "bad_client_file",
    "program_missing",
    "unknown_server",
  ]);
  const texts = [text, ...more.map((one) => one.text)].join("\n");
  expect(texts).toMatch(/entry "linear" of Cursor starts "\/nowhere\/mcp-bridge"/);
  expect(texts).toMatch(/\.gemini\/settings\.json", line 1, column \d+/);
  expect(texts).toMatch(/entry "here" of Codex names the server "nobody"/);
});

test("a port of the sign-in that is taken is told, with who has it", async () => {
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("", { status: 401 }) });
  const { port } = server;
  const report = await doctor({}, `http://127.0.0.1:${port}/mcp`, String(port));
  expect(report.exitCode).toBe(1);
  expect(found(report, "callback-port")).toMatchObject({
    fault: "port_taken",
    cure: expect.stringContaining("free port"),
  });
  if (process.platform === "linux") expect(found(report, "callback-port").text).toContain(`process ${process.pid}`);
});

test("a serve that runs is told with its version, and one that is gone is not", async () => {
  {
    await using running = await ServeExecutable.start({}, { home });
    const report = await doctor({});
    expect(found(report, "serve")).toMatchObject({ result: "ok", text: expect.stringMatching(/^runs, version \d/) });
    expect(running.url).toStartWith("http://127.0.0.1:");
  }
  expect(found(await doctor({}), "serve").result).toBe("skip");
});

test("a credential that is said goes to the server that is named, and to no other", async () => {
  const seen: (string | null)[] = [];
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ headers }) => {
      seen.push(headers.get("authorization"));
      return new Response("", { status: 404 });
    },
  });
  const url = `http://127.0.0.1:${server.port}/mcp`;
  write(join(folder, "servers.json"), JSON.stringify({ mcpServers: { one: { url }, two: { command: "true" } } }));
  for (const words of [["--header", "Authorization: Bearer mine"], ["--static-oauth-client-info", "{}"]]) {
    const { stderr, exitCode } = await outcomeOf(surroundings(), "doctor", ...words);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(`"${words[0]}" is for one server`)]);
  }
  expect(seen).toEqual([]);
  await outcomeOf(surroundings(), "doctor", "one", "--header", "Authorization: Bearer mine");
  expect(seen).toContain("Bearer mine");
});

test("what is said of the network is said to the servers with an address", async () => {
  write(
    join(folder, "servers.json"),
    '{"mcpServers": {"one": {"url": "http://127.0.0.1:9/"}, "two": {"command": "true"}}}',
  );
  const report = await doctor({}, "--ipv4");
  expect(report.servers.map(({ name, result }) => [name, result])).toEqual([["one", "fail"], ["two", "ok"]]);
});

describe("a report for others", () => {
  const TOKEN = "tok-Zx81-SENTINEL-7731";

  function bundle(...words: string[]): Promise<Outcome> {
    return outcomeOf(surroundings({ SECRET_OF_MINE: TOKEN }), "doctor", "--bundle", "report.json", ...words);
  }

  test("is only the user's, and holds no secret and no home", async () => {
    write(
      join(folder, "servers.json"),
      JSON.stringify({
        mcpServers: {
          key: { url: `http://127.0.0.1:9/${TOKEN.repeat(2)}/mcp?key=${TOKEN}`, headers: { "x-api-key": TOKEN } },
          program: { command: "true", env: { TOKEN } },
        },
      }),
    );
    const { stdout, stderr, exitCode } = await bundle("--mask-hosts");
    expect(exitCode).toBe(1);
    expect(stderr.trim()).toBe('mcp-bridge: the report is in "report.json": read it through before you hand it on');
    const file = join(home.folder, "report.json");
    if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, "utf8");
    expect(JSON.parse(text).report.checks.length).toBeGreaterThan(10);
    expect(text).not.toContain(home.folder);
    expect(sweep([TOKEN], { outputs: { text, stderr } })).toEqual([]);
    expect(stdout).toContain("this machine");
  });

  test("of somebody who is signed in holds no token, and neither does anything else that is said", async () => {
    using scene = new SignInScene();
    const env = { ...scene.home.env, ...scene.browser.env };
    expect((await outcomeOf({ env }, "login", scene.server.url)).exitCode).toBe(0);
    const file = join(scene.home.folder, "report.json");
    for (const words of [["--json"], ["--refresh", "--debug"], ["--bundle", file]]) {
      const { exitCode, stdout } = await outcomeOf({ env }, "doctor", scene.server.url, ...words);
      expect([words, exitCode, stdout.includes("vault_locked")]).toEqual([words, 0, false]);
    }
    const text = readFileSync(file, "utf8");
    expect(JSON.parse(text).report.checks.find(({ code }: Checked) => code === "token").result).toBe("ok");
    // What the executables said is looked through as the scene ends.
    expect(sweep([scene.as.tokens.marker], { outputs: { text } })).toEqual([]);
    expect(scene.browser.count).toBe(1);
  }, 30_000);

  test("takes no file's place, not even a link's that leads nowhere", async () => {
    symlinkSync(join(home.folder, "victim"), join(home.folder, "report.json"));
    const { stderr, exitCode } = await bundle();
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('"report.json" is there already')]);
    expect(filesBelow(home.folder)).toEqual(["report.json"]);
  });

  test("in a folder that is not there is told", async () => {
    const { stderr, exitCode } = await outcomeOf(surroundings(), "doctor", "--bundle", "nowhere/report.json");
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("(ENOENT)")]);
  });
});

test("wrong words are told, and end with 2", async () => {
  write(join(folder, "servers.json"), '{"mcpServers": {"linear": {"command": "true"}}}');
  for (
    const [words, what] of [[["linaer"], 'did you mean "linear"?'], [["--fixx"], '"--fix"'], [
      ["--mask-hosts"],
      'add "--bundle FILE"',
    ], [
      ["linear", "1", "2"],
      "too many",
    ]] as const
  ) {
    const { stderr, exitCode } = await outcomeOf(surroundings(), "doctor", ...words);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(what)]);
  }
});

describe.skipIf(process.platform === "win32")("at a terminal", () => {
  async function shown(env: Readonly<Record<string, string>>, ...words: string[]): Promise<string> {
    let text = "";
    const program = Bun.spawn([EXECUTABLE, "doctor", ...words], {
      cwd: home.folder,
      env: { ...surroundings().env, TERM: "xterm", ...env },
      terminal: { cols: 90, rows: 50, data: (_terminal, bytes) => void (text += new TextDecoder().decode(bytes)) },
    });
    await program.exited;
    program.terminal!.close();
    return text;
  }

  test("marks are coloured, and lines end before its edge", async () => {
    const text = await shown({ NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    expect(text).toContain("\u001b[32mok\u001b[39m");
    expect(text).toContain("\u001b[33mwarn\u001b[39m");
    // A path may be longer than a line.
    const lines = text.split(/\r?\n/).filter((line) => !line.includes(home.folder));
    expect(Math.max(...lines.map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(90);
  });

  test("NO_COLOR takes the colours out", async () => {
    expect(await shown({ NO_COLOR: "1" })).not.toContain("\u001b[3");
  });

  test("what is looked at is said meanwhile, and nothing of that is left", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const text = await shown(
      {},
      `http://127.0.0.1:${silent.port}/mcp`,
      "--connect-timeout",
      "2",
      "--headers-timeout",
      "2",
    );
    expect(text).toMatch(/looking at: .*\(1 s\)/);
    const [, rest] = text.split("this machine");
    expect(rest).not.toContain("looking at");
  }, 40_000);
});

onUnix("who stops to listen, be it to answers or to people, changes neither the report nor the exit code", () => {
  const codes = ["cat", "true"].map((reader) => {
    const script = `{ "$0" doctor --bundle ${reader}.json 2>&1; echo $? >${reader}.code; } | ${reader}`;
    Bun.spawnSync(["sh", "-c", script, EXECUTABLE], {
      cwd: home.folder,
      env: { ...process.env, ...home.env },
      stdin: "ignore",
    });
    expect(JSON.parse(readFileSync(join(home.folder, `${reader}.json`), "utf8"))).toHaveProperty("report.checks");
    return readFileSync(join(home.folder, `${reader}.code`), "utf8");
  });
  expect(codes[1]).toBe(codes[0]!);
});
