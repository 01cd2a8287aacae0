/** The executable in a folder that somebody else has filled: it reads nothing there (B13, trap L1). */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";

const ROOT = join(import.meta.dir, "..", "..");
const MARK = "marked-by-the-folder";

const trap = new Home();
const home = new Home();
afterAll(() => [trap, home].forEach((folder) => folder[Symbol.dispose]()));
const marker = join(trap.folder, "marker");
const EVIL = `require("node:fs").appendFileSync(${
  JSON.stringify(marker)
}, "x"); module.exports = () => ({ _: ["${MARK}"] });`;
const DOTENV = [
  "FROM_DOTENV=1",
  "BUN_CONFIG_VERBOSE_FETCH=curl",
  "NODE_TLS_REJECT_UNAUTHORIZED=0",
  `NODE_OPTIONS=--require=./evil.cjs`,
  `BUN_OPTIONS=--preload=./evil.cjs`,
  "BUN_BE_BUN=1",
].join("\n");

const FILES: Readonly<Record<string, string>> = {
  "evil.cjs": EVIL,
  "bunfig.toml": 'preload = ["./evil.cjs"]\n[run]\npreload = ["./evil.cjs"]\n[test]\npreload = ["./evil.cjs"]\n',
  ".bunfig.toml": 'preload = ["./evil.cjs"]\n',
  ".env": DOTENV,
  ".env.local": DOTENV,
  ".env.development": DOTENV,
  ".env.production": DOTENV,
  "package.json": JSON.stringify({
    name: MARK,
    type: "commonjs",
    main: "./evil.cjs",
    imports: { "#mri": "./evil.cjs" },
    bun: { preload: ["./evil.cjs"] },
    overrides: { mri: "./evil.cjs" },
  }),
  "tsconfig.json": JSON.stringify({
    compilerOptions: { paths: { "*": ["./evil.cjs"] }, baseUrl: ".", jsx: "react", jsxImportSource: "./evil.cjs" },
  }),
  "jsconfig.json": JSON.stringify({ compilerOptions: { paths: { "*": ["./evil.cjs"] } } }),
  "node_modules/mri/index.js": EVIL,
  "node_modules/mri/package.json": '{"name":"mri","main":"index.js"}',
  "node_modules/fastest-levenshtein/index.js": EVIL,
  "node_modules/fastest-levenshtein/package.json": '{"name":"fastest-levenshtein","main":"index.js"}',
  "node_modules/.hooks/preload.js": EVIL,
  "main.js": EVIL,
  "main.ts": EVIL,
  "node_engine.ts": EVIL,
  "help.ts": EVIL,
  "src/main.ts": EVIL,
  "src/net/node_engine.ts": EVIL,
  "servers.json": `{"mcpServers":{"${MARK}":{"url":"http://127.0.0.1:9/mcp"}}}`,
  ".mcp.json": `{"mcpServers":{"${MARK}":{"url":"http://127.0.0.1:9/mcp"}}}`,
  ".mcp-bridge/servers.json": `{"mcpServers":{"${MARK}":{"url":"http://127.0.0.1:9/mcp"}}}`,
  "mcp-bridge/servers.json": `{"mcpServers":{"${MARK}":{"url":"http://127.0.0.1:9/mcp"}}}`,
};
for (const [file, text] of Object.entries(FILES)) {
  mkdirSync(dirname(join(trap.folder, file)), { recursive: true });
  writeFileSync(join(trap.folder, file), text);
}
const before = filesOf(trap.folder);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}

function say(executable: string, cwd: string, ...words: string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync([executable, ...words], { cwd, env: home.env, stdin: "ignore" });
  return `${stdout}${stderr}exit ${exitCode}`;
}

const URL_WORD = "https://mcp.example.com/mcp";
// Each way through the executable loads other parts of it: the parser, the help, the words that are alike.
const WAYS: string[][] = [
  ["--version"],
  ["--help"],
  ["--verison"],
  [URL_WORD],
  [URL_WORD, "--header", "X: ${FROM_DOTENV}"],
  [URL_WORD, "--header", "X: ${NODE_TLS_REJECT_UNAUTHORIZED}"],
  [MARK],
];

/** The files of the folder that a command asks the kernel for, found or not, by what strace says. */
function askedFor(...command: string[]): string[] {
  const log = join(home.folder, "strace.log");
  const { success } = Bun.spawnSync(["strace", "-f", "-e", "trace=%file", "-o", log, ...command], {
    cwd: trap.folder,
    env: home.env,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  if (!existsSync(log)) throw new Error(`cannot trace ${command[0]} (${success})`);
  const calls = readFileSync(log, "utf8").split("\n").filter((line) => !/ (?:getcwd|chdir)\(/.test(line));
  // The first text of a call is its path; those of execve beyond are words.
  const paths = calls.flatMap((line) => /"([^"]+)"/.exec(line)?.[1] ?? []);
  return paths.map((path) => resolve(trap.folder, path)).filter((path) => path.startsWith(`${trap.folder}/`));
}

const isTraced = process.platform === "linux" && (process.env.CI !== undefined || Bun.which("strace") !== null);
describe.skipIf(!isTraced)("the executable asks the kernel for no file of the folder that it starts in (B13)", () => {
  for (const words of [...WAYS, ["list"], ["status"], ["vault", "status"], ["completion", "bash"]]) {
    test(JSON.stringify(words), () => expect(askedFor(EXECUTABLE, ...words)).toEqual([]));
  }

  test("a program that does is found out", () => {
    expect(askedFor("cat", "package.json")).toContain(join(trap.folder, "package.json"));
    expect(askedFor("cat", "not-there")).toEqual([join(trap.folder, "not-there")]);
  });
});

describe("a hostile folder changes nothing of what the executable says (B13)", () => {
  for (const words of WAYS) {
    test(JSON.stringify(words), () => {
      expect(say(EXECUTABLE, trap.folder, ...words)).toBe(say(EXECUTABLE, home.folder, ...words));
      expect(existsSync(marker)).toBe(false);
    });
  }

  test("a variable that only .env sets is not set", () => {
    expect(say(EXECUTABLE, trap.folder, URL_WORD, "--header", "X: ${FROM_DOTENV}"))
      .toStartWith('mcp-bridge: error: the header "X" uses ${FROM_DOTENV}, which is not set\n');
  });

  test("a bridge that runs there, with more requests in flight than fetch carries, loads and leaves nothing", async () => {
    using server = new FakeMcp();
    const { promise: all, resolve: release } = Promise.withResolvers<undefined>();
    server.on("tools/call", () => all);
    await using bridge = new Executable({ cwd: trap.folder }, server.url, "--debug");
    await bridge.initialize();
    const calls = Array.from({ length: 220 }, (_, id) => bridge.request({ id, method: "tools/call", params: { id } }));
    await server.seen.find(() => server.posted("tools/call").length === calls.length);
    release(undefined);
    expect((await Promise.all(calls)).every(({ result }) => result !== undefined)).toBe(true);
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    await bridge.stderr.ended;
    expect(bridge.stderr.items.filter((line) => !line.startsWith("mcp-bridge: "))).toEqual([]);
    expect(existsSync(marker)).toBe(false);
    expect(filesOf(trap.folder)).toEqual(before);
  });

  test("the traps are live: a build without the flags of scripts/build.ts falls into them", () => {
    const careless = join(home.folder, "careless");
    const build = Bun.spawnSync([
      process.execPath,
      "build",
      "--compile",
      "--outfile",
      careless,
      join(ROOT, "src", "main.ts"),
    ], { cwd: ROOT });
    expect(build.success).toBe(true);
    try {
      say(careless, trap.folder, "--version");
      expect(existsSync(marker)).toBe(true);
      expect(say(careless, trap.folder, URL_WORD, "--header", "X: ${FROM_DOTENV}")).not.toContain("not set");
    } finally {
      rmSync(marker, { force: true });
    }
  });
});
