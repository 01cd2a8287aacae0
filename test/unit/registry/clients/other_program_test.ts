import { describe, expect, test } from "bun:test";
import type { Program } from "../../../../src/registry/clients/client.ts";
import { withOtherProgram } from "../../../../src/registry/clients/other_program.ts";
import { readClientFile } from "../../../../src/registry/clients/read.ts";
import { clientOf } from "../../../../src/registry/clients/table.ts";

const PROGRAM = { command: "/opt/mcp-bridge", args: ["linear"], env: { A: "1" } };

/** The text with our program in the place of the one of the entry `linear`. */
async function changed(id: string, text: string, program: Program = PROGRAM): Promise<string> {
  const client = await clientOf(id);
  const entry = (await readClientFile(client, text, "/file")).find(({ name }) => name === "linear")!;
  return await withOtherProgram(client, text, "/file", entry, program);
}

describe("another program in an entry", () => {
  test("takes the place of an address, and what is said besides stays", async () => {
    const text = '{"mcpServers": {"linear": {"url": "https://a/mcp", "headers": {}, "autoApprove": ["x"]}}}';
    expect(JSON.parse(await changed("cursor", text)).mcpServers.linear).toEqual({ ...PROGRAM, autoApprove: ["x"] });
  });

  test("of Codex changes in its lines, where what stands in a table of its own is as it was", async () => {
    const text = [
      "[mcp_servers.linear] # mine",
      'command = "npx" # was Node',
      'args = ["-y", "mcp-remote", "https://a/mcp"]',
      "tool_timeout_sec = 90",
      "",
      "# about A",
      "[mcp_servers.linear.env]",
      'A = "1" # why',
      "",
      "[tui]",
      "",
    ].join("\n");
    expect(await changed("codex", text)).toBe(
      text.replace('"npx"', '"/opt/mcp-bridge"').replace('["-y", "mcp-remote", "https://a/mcp"]', '["linear"]'),
    );
  });

  test("of Codex gets more of its environment, and never less", async () => {
    const program = { ...PROGRAM, inherits: ["KEY", "OTHER"] };
    for (const own of ['command = "npx"', 'url = "https://a/mcp"']) {
      const next = await changed("codex", `[mcp_servers.linear]\n${own}\nenv_vars = ["MINE", "KEY"]\n`, program);
      expect(next).toContain('env_vars = ["MINE", "KEY", "OTHER"]\n');
      expect(await changed("codex", next)).toContain('env_vars = ["MINE", "KEY", "OTHER"]\n');
    }
  });

  test("of Codex is written anew where a table of its own says something else", async () => {
    const text =
      '[mcp_servers.linear]\ncommand = "npx"\n\n[mcp_servers.linear.env]\nB = "2"\n\n[tui]\ntheme = "x" # y\n';
    const next = await changed("codex", text);
    expect(await readClientFile(await clientOf("codex"), next, "/file")).toMatchObject([{
      name: "linear",
      ...PROGRAM,
    }]);
    expect(next).toContain('[tui]\ntheme = "x" # y\n');
  });
});
