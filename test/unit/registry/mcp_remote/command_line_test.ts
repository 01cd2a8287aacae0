import { describe, expect, test } from "bun:test";
import { readCommandLine } from "../../../../src/registry/mcp_remote/command_line.ts";
import { shellWords } from "../../../../src/registry/mcp_remote/shell_words.ts";

const URL_WORD = "https://mcp.example.com/mcp";

function read(command: string, ...args: string[]): ReturnType<typeof readCommandLine> {
  return readCommandLine({ command, args, env: { A: "1" } });
}

describe("mcp-remote is found", () => {
  const spellings: Record<string, string[]> = {
    "by npx": ["npx", "mcp-remote"],
    "by npx that asks nothing": ["npx", "-y", "mcp-remote@latest"],
    "by npx and a version": ["npx", "--yes", "mcp-remote@0.1.38"],
    "by npx and its package": ["npx", "--yes", "-p", "mcp-remote", "mcp-remote"],
    "by npx and its package in one word": ["npx", "--package=mcp-remote@latest", "mcp-remote"],
    "by npx with more packages": ["npx", "-y", "-p", "undici", "-p", "mcp-remote", "mcp-remote"],
    "by a whole path": ["/opt/homebrew/bin/npx", "-y", "mcp-remote"],
    "by npx of Windows": ["C:\\Program Files\\nodejs\\npx.cmd", "-y", "mcp-remote"],
    "by npx with a flag that names a value": ["npx", "--registry=https://npm.example.com", "mcp-remote"],
    "by npx with a flag that we do not know": ["npx", "--some-flag", "mcp-remote"],
    "by npx from its repository": ["npx", "-y", "github:geelen/mcp-remote"],
    "by npm": ["npm", "exec", "--yes", "--", "mcp-remote"],
    "by npm's short word": ["npm", "x", "--", "mcp-remote@latest"],
    "by bunx": ["bunx", "--bun", "mcp-remote"],
    "by bun": ["bun", "x", "mcp-remote"],
    "by pnpm": ["pnpm", "dlx", "mcp-remote"],
    "by pnpm and its package": ["pnpm", "--package=mcp-remote", "dlx", "mcp-remote"],
    "by yarn": ["yarn", "dlx", "-q", "mcp-remote"],
    "by npx with short flags in one word": ["npx", "-yp", "mcp-remote", "mcp-remote"],
    "by npx of a runtime that is named": ["node", "/usr/lib/node_modules/npm/bin/npx-cli.js", "-y", "mcp-remote"],
    "by npm of a runtime that is named": ["node.exe", "C:\\npm\\bin\\npm-cli.js", "exec", "--", "mcp-remote"],
    "by pnpm where it is installed": ["pnpm", "exec", "mcp-remote"],
    "by yarn where it is installed": ["yarn", "run", "mcp-remote"],
    "under corepack": ["corepack", "pnpm", "dlx", "mcp-remote"],
    "by itself": ["mcp-remote"],
    "by itself on Windows": ["C:\\Users\\me\\AppData\\Roaming\\npm\\mcp-remote.cmd"],
    "by node": ["node", "/usr/lib/node_modules/mcp-remote/dist/proxy.js"],
    "by node with flags": ["node", "--no-warnings", "-r", "./x.js", "/x/mcp-remote/dist/proxy.js"],
    "by node on Windows": ["node.exe", "C:\\x\\node_modules\\mcp-remote\\dist\\proxy.js"],
    "by bun's runtime": ["bun", "run", "/x/mcp-remote/dist/proxy.js"],
    "by deno": ["deno", "run", "-A", "npm:mcp-remote@0.15.1"],
    "under cmd": ["cmd", "/c", "npx", "-y", "mcp-remote"],
    "under cmd with switches": ["C:\\Windows\\System32\\cmd.exe", "/d", "/s", "/C", "npx", "mcp-remote"],
    "by npx of a Node.js that Volta has": ["volta", "run", "--node", "20", "npx", "-y", "mcp-remote"],
    "by npx of a Node.js that fnm has": ["fnm", "exec", "--using=20", "--", "npx", "mcp-remote"],
    "by npx of a Node.js that mise has": ["/opt/bin/mise", "x", "node@20", "--", "npx", "-y", "mcp-remote"],
    "by npx of a Node.js that asdf has": ["asdf", "exec", "npx", "mcp-remote"],
    "in the Linux of Windows": ["wsl", "npx", "-y", "mcp-remote@latest"],
    "in one of several": ["C:\\Windows\\System32\\wsl.exe", "-d", "Ubuntu", "-e", "npx", "mcp-remote"],
    "under env with flags": ["env", "-i", "-u", "B", "--", "npx", "mcp-remote"],
    "under env": ["/usr/bin/env", "npx", "mcp-remote"],
  };
  for (const [how, [command, ...args]] of Object.entries(spellings)) {
    test(how, () => {
      const words = [URL_WORD, "--header", "A: b"];
      expect(read(command!, ...args, ...words)).toEqual({ kind: "mcp_remote", words, env: { A: "1" } });
    });
  }

  test("in a line for a shell that says no more than words", () => {
    for (const line of [`npx -y mcp-remote '${URL_WORD}'`, `exec npx -y "mcp-remote" ${URL_WORD}`]) {
      for (const flag of ["-c", "-lc"]) {
        expect(read("/bin/sh", flag, line)).toEqual({ kind: "mcp_remote", words: [URL_WORD], env: { A: "1" } });
      }
    }
    for (
      const [command, ...args] of [
        ["npx", "-c", `mcp-remote ${URL_WORD}`],
        ["npx", "-y", "-p", "mcp-remote", "--call", `mcp-remote "${URL_WORD}"`],
        ["npm", "exec", `--call=mcp-remote ${URL_WORD}`],
        ["env", "-S", `npx -y mcp-remote ${URL_WORD}`],
        ["env", `-Snpx mcp-remote`, URL_WORD],
        ["wsl", "-d", "Ubuntu", "--", "bash", "-lc", `npx mcp-remote ${URL_WORD}`],
        ["powershell", "-NoProfile", "-Command", "npx", "-y", "mcp-remote@latest", URL_WORD],
        ["pwsh.exe", "-c", `npx -y 'mcp-remote' "${URL_WORD}"`],
      ]
    ) expect(read(command!, ...args)).toEqual({ kind: "mcp_remote", words: [URL_WORD], env: { A: "1" } });
    const windows = read("cmd.exe", "/c", `npx -y mcp-remote "${URL_WORD}"`);
    expect(windows).toEqual({ kind: "mcp_remote", words: [URL_WORD], env: { A: "1" } });
  });

  test("behind variables that are set for it", () => {
    const read = readCommandLine({ command: "env", args: ["B=x=y", "npx", "mcp-remote", URL_WORD], env: { A: "1" } });
    expect(read).toEqual({ kind: "mcp_remote", words: [URL_WORD], env: { A: "1", B: "x=y" } });
    const less = readCommandLine({ command: "env", args: ["-u", "A", "mcp-remote", URL_WORD], env: { A: "1" } });
    expect(less).toEqual({ kind: "mcp_remote", words: [URL_WORD], env: {} });
  });
});

describe("nothing is guessed", () => {
  const reasons: Record<string, [program: string[], reason: string]> = {
    "of what a shell would change": [
      ["sh", "-c", `npx mcp-remote $URL`],
      "stands in a line that only a shell can read",
    ],
    "of two commands": [
      ["bash", "-c", `cd x && npx mcp-remote ${URL_WORD}`],
      "stands in a line that only a shell can read",
    ],
    "of what cmd would change": [["cmd", "/c", "npx mcp-remote %URL%"], "stands in a line that only a shell can read"],
    "of what PowerShell would change": [
      ["powershell", "-Command", `npx mcp-remote ${URL_WORD} --header "A: $env:A"`],
      "stands in a line that only a shell can read",
    ],
    "of what npx would have a shell change": [
      ["npx", "-c", "mcp-remote $URL"],
      "stands in a line that only a shell can read",
    ],
    "of what env would put in": [["env", "-S", "npx mcp-remote ${URL}"], "stands in a line that only a shell can read"],
    "of what the Linux of Windows would change": [
      ["wsl", "npx", "mcp-remote", URL_WORD, "--header", "A: $B"],
      "stands in a line that only a shell can read",
    ],
    "of a flag that may take the next word": [
      ["npx", "--cache", "/x", "mcp-remote", URL_WORD],
      'is started with "--cache", which we do not know',
    ],
    "of flags that npm takes for its own": [
      ["npm", "exec", "mcp-remote", URL_WORD, "--header", "A: b"],
      'is started by "npm exec" without "--", which takes the flags for its own',
    ],
    "of another program with its name among the words": [
      ["supergateway", "--stdio", `npx mcp-remote ${URL_WORD}`],
      "names mcp-remote, and starts another program",
    ],
  };
  for (const [what, [[command, ...args], reason]] of Object.entries(reasons)) {
    test(what, () => expect(read(command!, ...args)).toEqual({ kind: "unclear", reason }));
  }

  test("other programs are others, those with names like it too", () => {
    for (
      const [command, ...args] of [
        ["npx", "-y", "mcp-remote-client", URL_WORD],
        ["npx", "-y", "my-mcp-remote", URL_WORD],
        ["npx", "-y", "@evil/mcp-remote-x"],
        ["node", "server.js"],
        ["uvx", "some-server"],
        ["sh", "-c", "exec my-server"],
        ["powershell", "-File", "my-server.ps1"],
        ["npx", "-c", "my-server $X"],
        ["wsl"],
        ["env"],
        ["volta", "which", "node"],
        ["sh"],
        ["npx"],
      ]
    ) expect(read(command!, ...args)).toEqual({ kind: "other" });
  });

  test("its second program, which shows and serves nothing, is not it", () => {
    expect(read("npx", "-p", "mcp-remote", "mcp-remote-client", URL_WORD).kind).not.toBe("mcp_remote");
  });

  test("programs that start one another without end come to an end", () => {
    expect(read("env", ...Array.from({ length: 1_000 }, () => "env"), "mcp-remote").kind).toBe("unclear");
    expect(read("env", "-S", `${"-S ".repeat(100_000)}mcp-remote`).kind).toBe("unclear");
  });
});

test("a line for a shell is read only where every sign means itself", () => {
  expect(shellWords(`a 'b "c' "d e"f  g`, "posix")).toEqual(["a", 'b "c', "d ef", "g"]);
  expect(shellWords(`a ""`, "posix")).toEqual(["a", ""]);
  for (
    const line of ["a 'b", "$(a)", "a;b", "a|b", "a>b", "a*", "~/a", "a\\ b", "a\nb", '"$a"', "`a`", "a?b", "{a,b}"]
  ) {
    expect(shellWords(line, "posix")).toBeUndefined();
  }
  expect(shellWords(`a "b c" 'd`, "cmd")).toBeUndefined();
  for (const line of ["%A%", "a&b", "a|b", "a^b", '"%A%"']) expect(shellWords(line, "cmd")).toBeUndefined();
});
