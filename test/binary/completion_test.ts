/** Completion in the shells that people have: keys are typed at each, and what it makes of them is looked at. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "@vscode/tree-sitter-wasm";
import { EXECUTABLE } from "../../scripts/build.ts";
import { SHELLS } from "../../src/cli/completion_scripts.ts";
import { outcomeOf } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";
import { TerminalSession } from "../harness/terminal_session.ts";

const home = new Home();
afterAll(() => home[Symbol.dispose]());
const programs = join(home.folder, "programs");
mkdirSync(programs);
symlinkSync(EXECUTABLE, join(programs, "mcp-bridge"));
const env = { ...home.env, PATH: `${programs}:${process.env.PATH}`, PS1: "ready> ", LANG: "C.UTF-8" };
writeFileSync(join(home.folder, "headers-of-mine.txt"), "");
mkdirSync(join(home.folder, "mcp-bridge"), { mode: 0o700 });
const registry = join(home.folder, "mcp-bridge", "servers.json");
const SERVERS = JSON.stringify({
  mcpServers: { linear: { url: "https://mcp.linear.app/mcp" }, "My Files": { command: "files" } },
});
writeFileSync(registry, SERVERS, { mode: 0o600 });

interface Shell {
  readonly name: string;
  readonly argv: readonly string[];
  /** What makes it ready to complete. */
  readonly setUp: string;
}

const SHELLS_HERE: readonly Shell[] = [
  { name: "bash", argv: ["bash", "--norc", "--noprofile", "-i"], setUp: "source <(mcp-bridge completion bash)" },
  {
    name: "zsh",
    argv: ["zsh", "-f", "-i"],
    setUp: "PS1='ready> '; autoload -U compinit; compinit -u -D; source <(mcp-bridge completion zsh)",
  },
  {
    name: "fish",
    argv: ["fish", "--no-config", "-i"],
    setUp: "function fish_prompt; echo -n 'ready> '; end; mcp-bridge completion fish | source",
  },
];

/** What is typed up to the key that completes, and what the line is then: one word is left that fits. */
const TYPED: readonly (readonly [typed: string, line: string])[] = [
  ["mcp-bridge stat", "mcp-bridge status "],
  ["mcp-bridge call lin", "mcp-bridge call linear "],
  ["mcp-bridge show my", "mcp-bridge show my-files "],
  ["mcp-bridge connect linear my", "mcp-bridge connect linear my-files "],
  ["mcp-bridge tools linear --protocol leg", "mcp-bridge tools linear --protocol legacy "],
  ["mcp-bridge tools linear --protocol=leg", "mcp-bridge tools linear --protocol=legacy "],
  ["mcp-bridge tools https://x.example/mcp --allow-h", "mcp-bridge tools https://x.example/mcp --allow-http "],
  ["mcp-bridge completion fi", "mcp-bridge completion fish "],
  ["mcp-bridge tools linear --header-file headers-of", "mcp-bridge tools linear --header-file headers-of-mine.txt "],
];

for (const { name, argv, setUp } of SHELLS_HERE) {
  // A contributor may do without that shell; where it must not be missing, a test without it has failed.
  const isWanted = process.platform === "linux" && process.env.CI !== undefined;
  describe.skipIf(Bun.which(name) === null && !isWanted)(name, () => {
    async function ready(): Promise<TerminalSession> {
      const shell = new TerminalSession(argv, { env, cwd: home.folder, columns: 200 });
      shell.type(`${setUp}; echo set''up\r`);
      await shell.shows("setup");
      await shell.shows("ready> ");
      return shell;
    }

    test("completes commands, servers' names, flags, their values and files", async () => {
      await using shell = await ready();
      for (const [typed, line] of TYPED) {
        // A comment behind what was completed shows where it ends, and takes nothing along.
        shell.type(`${typed}\t#end\u0001echo '[\u0005]'\r`);
        await shell.shows(`[${line}#end]`);
        await shell.shows("ready> ");
      }
    }, 60_000);

    test("is quiet about a servers.json that is broken, and completes the rest", async () => {
      writeFileSync(registry, "{ not json", { mode: 0o600 });
      try {
        await using shell = await ready();
        const from = shell.shown.length;
        shell.type("mcp-bridge show lin\t#end\u0001echo '[\u0005]'\r");
        await shell.shows("[mcp-bridge show lin#end]");
        shell.type("mcp-bridge logo\t#end\u0001echo '[\u0005]'\r");
        await shell.shows("[mcp-bridge logout #end]");
        expect(shell.shown.slice(from)).not.toContain("error");
      } finally {
        writeFileSync(registry, SERVERS, { mode: 0o600 });
      }
    }, 60_000);
  });
}

/** Tells whether a text is PowerShell; which itself is not on most machines. */
async function powerShellGrammar(): Promise<(text: string) => boolean> {
  await Parser.init();
  const grammar = fileURLToPath(import.meta.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-powershell.wasm"));
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  return (text) => parser.parse(text)?.rootNode.hasError === false;
}

describe("mcp-bridge completion", () => {
  test("knows the word for the bridge itself, which may be left out", async () => {
    const { stdout } = await outcomeOf({}, "completion", "--words", "--", "conn");
    expect(stdout).toStartWith("connect\t");
  });

  test.each([...SHELLS])("prints a script for %s that asks us for the candidates", async (shell) => {
    const { stdout, stderr, exitCode } = await outcomeOf({}, "completion", shell);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toMatch(/mcp-bridge completion --(?:words|line) /);
  });

  test("of PowerShell is PowerShell, by the grammar that editors read it by", async () => {
    const { stdout } = await outcomeOf({}, "completion", "powershell");
    const isSound = await powerShellGrammar();
    expect(isSound(stdout)).toBe(true);
    expect(isSound(stdout.replace("if (", "if "))).toBe(false);
    expect([...stdout.matchAll(/`(.)/g)].map(([, letter]) => letter)).toEqual(["t"]);
  });

  test("leaves what stands before it in a file, though there is nothing to say", () => {
    const { stdout } = Bun.spawnSync(
      ["sh", "-c", "(echo before; mcp-bridge completion --words -- doctor --nothing; echo behind) > out; cat out"],
      { env, cwd: home.folder },
    );
    expect(stdout.toString()).toBe("before\nbehind\n");
  });

  test("says nothing but candidates, whatever the words are", async () => {
    for (const words of [["--nope", ""], ["nobody", "a", "b"], ["vault", "export", ""], ["tools", "--header", "x"]]) {
      const { stderr, exitCode } = await outcomeOf({ env }, "completion", "--words", "--", ...words);
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    }
  });
});
