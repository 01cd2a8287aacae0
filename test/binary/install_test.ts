/** `install` at a terminal: what a person types, and what others do to the file meanwhile. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Executable, outcomeOf } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";

const onWindows = process.platform === "win32";
const TEXT =
  '{\n  "mcpServers": {\n    "github": { "command": "docker", "env": { "TOKEN": "hunter2hunter2" } }\n  }\n}\n';
const URL = "https://mcp.linear.app/mcp";

let home: Home;
let file: string;

beforeEach(() => {
  home = new Home();
  mkdirSync(join(home.folder, ".cursor"));
  file = join(home.folder, ".cursor", "mcp.json");
  writeFileSync(file, TEXT);
});
afterEach(() => home[Symbol.dispose]());

/** Runs `install` at a terminal; `onquestion` gives what is typed at its question. */
async function atTerminal(
  onquestion: () => string,
  words: string[] = ["install", "cursor", URL],
  env: Record<string, string> = {},
): Promise<{ shown: string; exitCode: number | null; signal: unknown }> {
  let shown = "";
  let isAsked = false;
  const command = Bun.spawn([EXECUTABLE, ...words], {
    cwd: home.folder,
    env: { ...home.env, TERM: "xterm", ...env },
    terminal: {
      data(terminal, bytes): void {
        shown += new TextDecoder().decode(bytes);
        if (isAsked || !shown.includes("[y/N] ")) return;
        isAsked = true;
        terminal.write(onquestion());
      },
    },
  });
  await command.exited;
  return { shown: shown.replaceAll("\r\n", "\n"), exitCode: command.exitCode, signal: command.signalCode };
}

describe.skipIf(onWindows)("a question at the terminal", () => {
  test("is asked below the difference, in colours, without the secrets of others, and a yes writes", async () => {
    const { shown, exitCode } = await atTerminal(() => "y\r");
    expect(exitCode).toBe(0);
    expect(shown).toContain('\u001b[32m+    "linear": {\u001b[39m\n');
    expect(shown).toContain('"TOKEN": "***"');
    expect(shown).not.toContain("hunter2");
    expect(JSON.parse(readFileSync(file, "utf8")).mcpServers.linear.args).toEqual([URL]);
  });

  test("has no colours where NO_COLOR or the terminal says so", async () => {
    const environments: Record<string, string>[] = [{ NO_COLOR: "1" }, { TERM: "dumb" }];
    for (const env of environments) {
      expect((await atTerminal(() => "n\r", undefined, env)).shown).not.toContain("\u001b");
    }
  });

  for (
    const [what, typed] of [["no", "no\r"], ["nothing", "\r"], ["the end of input", "\u0004"], ["Ctrl-C", "\u0003"]]
  ) {
    test(`that gets ${what} writes nothing`, async () => {
      const { exitCode, signal } = await atTerminal(() => typed!);
      expect(exitCode === 1 || signal === "SIGINT").toBe(true);
      expect(readFileSync(file, "utf8")).toBe(TEXT);
      expect(readdirSync(join(home.folder, ".cursor"))).toEqual(["mcp.json"]);
    });
  }

  test("is never asked on standard input", async () => {
    const command = Bun.spawn([EXECUTABLE, "install", "cursor", URL], {
      env: home.env,
      // A session of its own has no terminal, wherever the tests run.
      detached: true,
      stdin: new Blob(["y\ny\n"]),
      stdout: "pipe",
      stderr: "pipe",
    });
    expect([await command.exited, await command.stdout.text()]).toEqual([2, ""]);
    expect(await command.stderr.text()).toContain("there is no terminal to ask at: nothing was written");
    expect(readFileSync(file, "utf8")).toBe(TEXT);
  });

  test("leaves a file alone that was changed while it stood", async () => {
    const theirs = TEXT.replace("docker", "podman");
    const { shown, exitCode } = await atTerminal(() => {
      writeFileSync(file, theirs);
      return "y\r";
    });
    expect(exitCode).toBe(1);
    expect(stripVTControlCharacters(shown)).toContain(
      `error: "${file}" was changed meanwhile\nmcp-bridge: hint: nothing was written: try again\n`,
    );
    expect(readFileSync(file, "utf8")).toBe(theirs);
  });

  test("leaves a link a link", async () => {
    mkdirSync(join(home.folder, "dotfiles"));
    const target = join(home.folder, "dotfiles", "cursor.json");
    writeFileSync(target, TEXT);
    const linked = join(home.folder, ".codeium", "windsurf");
    mkdirSync(linked, { recursive: true });
    symlinkSync("../../dotfiles/cursor.json", join(linked, "mcp_config.json"));
    expect((await atTerminal(() => "y\r", ["install", "windsurf", URL])).exitCode).toBe(0);
    expect(lstatSync(join(linked, "mcp_config.json")).isSymbolicLink()).toBe(true);
    expect(JSON.parse(readFileSync(target, "utf8")).mcpServers.linear.args).toEqual([URL]);
    expect((await atTerminal(() => "y\r", ["uninstall", "windsurf"])).exitCode).toBe(0);
    expect(readFileSync(target, "utf8")).toBe(TEXT);
  });
});

describe("install", () => {
  test("lists the clients as JSON", async () => {
    const { stdout } = await outcomeOf({ env: home.env }, "install", "--json");
    const list = JSON.parse(stdout);
    expect(list).toHaveLength(11);
    expect(list.find(({ client }: { client: string }) => client === "cursor")).toEqual({
      client: "cursor",
      name: "Cursor",
      installed: true,
      file,
      fileExists: true,
      ours: [],
      others: 1,
    });
  });

  test("of Windsurf says that it goes on under another name, with a file of its own, where that is there", async () => {
    mkdirSync(join(home.folder, ".codeium", "windsurf"), { recursive: true });
    const install = async (): Promise<string> =>
      (await outcomeOf({ env: home.env }, "install", "windsurf", URL, "--yes")).stderr;
    expect(await install()).not.toContain("Devin");
    mkdirSync(join(home.folder, ".config", "devin"), { recursive: true });
    expect(await install()).toContain("Windsurf goes on as Devin, which reads a file of its own");
  });

  test("writes an entry that a client can start, with nothing of our environment but what it holds", async () => {
    using server = new FakeMcp();
    expect((await outcomeOf({ env: home.env }, "install", "cursor", server.url, "--name", "a", "--yes")).exitCode).toBe(
      0,
    );
    const { command, args, env } = JSON.parse(readFileSync(file, "utf8")).mcpServers.a;
    expect([command, env]).toEqual([EXECUTABLE, { MCP_BRIDGE_HOME: home.env.MCP_BRIDGE_HOME }]);
    await using started = new Executable({ executable: command, env }, ...args);
    started.send({ jsonrpc: "2.0", id: 1, method: "ping" });
    started.endInput();
    expect(await started.exit(10_000)).toBe(0);
    expect(server.seen.items).toHaveLength(1);
  });

  test(
    "that is killed at any moment leaves the file as it was or as it was to be, and the next one tidies up",
    async () => {
      const began = performance.now();
      expect((await outcomeOf({ env: home.env }, "install", "cursor", URL, "--yes")).exitCode).toBe(0);
      const took = performance.now() - began;
      const after = readFileSync(file, "utf8");
      for (let kill = 0; kill < 20; kill++) {
        writeFileSync(file, TEXT);
        const command = Bun.spawn([EXECUTABLE, "install", "cursor", URL, "--yes"], { env: home.env, stderr: "ignore" });
        await Bun.sleep(took * kill / 20);
        command.kill("SIGKILL");
        await command.exited;
        expect([TEXT, after]).toContain(readFileSync(file, "utf8"));
      }
      writeFileSync(file, TEXT);
      expect((await outcomeOf({ env: home.env }, "install", "cursor", URL, "--yes")).exitCode).toBe(0);
      expect(readdirSync(join(home.folder, ".cursor"))).toEqual(["mcp.json"]);
      expect((await outcomeOf({ env: home.env }, "uninstall", "cursor", "--yes")).exitCode).toBe(0);
      expect(readFileSync(file, "utf8")).toBe(TEXT);
    },
    60_000,
  );

  test("from source says that a client wants an executable", () => {
    const main = join(import.meta.dir, "..", "..", "src", "main.ts");
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, main, "install", "cursor", URL], { env: home.env });
    expect([exitCode, stderr.toString()]).toEqual([
      2,
      'mcp-bridge: error: this runs from source, and clients want an executable\nmcp-bridge: hint: build it with "bun run build", and run dist/mcp-bridge\n',
    ]);
  });
});
