import { describe, expect, test } from "bun:test";
import { executablePath, type Running } from "../../../src/platform/executable.ts";

function running(platform: NodeJS.Platform, execPath: string, links: Record<string, string>, PATH: string): Running {
  const realPath = (path: string): string => {
    if (links[path] === undefined) throw new Error("ENOENT");
    return links[path];
  };
  const main = platform === "win32" ? "B:\\~BUN\\root\\mcp-bridge.exe" : "/$bunfs/root/mcp-bridge";
  return { platform, env: { PATH }, execPath, main, realPath };
}

describe("the path by which other programs start the executable", () => {
  const cellar = "/opt/homebrew/Cellar/mcp-bridge/1.0/bin/mcp-bridge";

  test("is the file that runs, where nothing in PATH leads to it", () => {
    expect(executablePath(running("darwin", cellar, {}, "/usr/bin"))).toBe(cellar);
    const another = running("darwin", cellar, { "/usr/bin/mcp-bridge": "/other/mcp-bridge" }, "/usr/bin");
    expect(executablePath(another)).toBe(cellar);
  });

  test("is a link in PATH that leads to it, which stays when a package manager puts a new version behind it", () => {
    const links = { "/opt/homebrew/bin/mcp-bridge": cellar };
    expect(executablePath(running("darwin", cellar, links, "/usr/bin:/opt/homebrew/bin/"))).toBe(
      "/opt/homebrew/bin/mcp-bridge",
    );
    const windows = { "C:\\bin\\mcp-bridge.exe": "C:\\apps\\1.0\\mcp-bridge.exe" };
    expect(executablePath(running("win32", "C:\\apps\\1.0\\mcp-bridge.exe", windows, "C:\\Windows;C:\\bin"))).toBe(
      "C:\\bin\\mcp-bridge.exe",
    );
  });

  test("is never relative to a folder that one happens to be in", () => {
    const links = { "bin/mcp-bridge": cellar, "./mcp-bridge": cellar, "/mcp-bridge": "/other" };
    expect(executablePath(running("linux", cellar, links, "bin:.::"))).toBe(cellar);
  });

  test("is none where it runs from source", () => {
    expect(executablePath({ ...running("linux", "/usr/bin/bun", {}, ""), main: "/work/src/main.ts" })).toBeUndefined();
  });
});
