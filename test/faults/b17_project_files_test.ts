/** Lists of servers that a project brings along: who opens a folder has not agreed to run what stands in it. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { outcomeOf } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";

/** Where programs of this kind look for servers in a project. */
const FILES: readonly string[] = [
  "servers.json",
  "mcp.json",
  ".mcp.json",
  ".mcp-bridge/servers.json",
  "mcp-bridge/servers.json",
  ".config/mcp-bridge/servers.json",
  ".cursor/mcp.json",
  ".vscode/mcp.json",
];

/** A project, whose servers leave a file behind when they are started. */
function plant(home: Home): { project: string; marker: string } {
  const [project, marker] = [join(home.folder, "project"), join(home.folder, "started")];
  const servers = { planted: { command: "touch", args: [marker] } };
  for (const file of FILES) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), JSON.stringify({ mcpServers: servers, servers }));
  }
  return { project, marker };
}

describe("files of a project name no servers (B17)", () => {
  test.each(["list", "list --json", "status", "show planted", "planted", "connect --all"])(
    "%s",
    async (line) => {
      using home = new Home();
      const { project, marker } = plant(home);
      const env = { ...home.env, PWD: project };
      const words = line.split(" ");
      const { stdout, stderr, exitCode } = await outcomeOf({ cwd: project, env }, ...words);
      expect(stdout).not.toContain("planted");
      expect(stderr).not.toContain("touch");
      if (words.includes("planted") || words[0] === "connect") expect(exitCode).not.toBe(0);
      expect(existsSync(marker)).toBe(false);
      expect(readdirSync(project).sort()).toEqual([...new Set(FILES.map((file) => file.split("/")[0]!))].sort());
    },
  );

  test("serve", async () => {
    using home = new Home();
    const { project, marker } = plant(home);
    using server = new FakeMcp();
    await using serve = await ServeExecutable.start({ own: { url: server.url } }, { home, env: { PWD: project } });
    expect((await serve.post("/mcp/planted", { id: 1, method: "ping" })).status).toBe(404);
    const status = await (await serve.ask("/api/status")).text();
    expect([status.includes("own"), status.includes("planted")]).toEqual([true, false]);
    expect(existsSync(marker)).toBe(false);
  });
});
