/** The manual page: all that can be said, in macros that the tools for it take without a word. */
import { describe, expect, test } from "bun:test";
import { manualPage } from "../../../scripts/man.ts";
import { commandIn, type CommandTable } from "../../../src/cli/command_table.ts";
import { CONNECT_FLAGS } from "../../../src/cli/connect.ts";
import { COMMANDS } from "../../../src/cli/program.ts";

describe("the manual page", () => {
  test("names every command and every flag, without those that are for programs", async () => {
    const page = await manualPage("1.2.3", "2026-11-03");
    expect(page).toStartWith(".Dd November 3, 2026\n.Dt MCP-BRIDGE 1\n");
    expect(page).toContain("\n.It Pa ~/.config/mcp\\-bridge/servers.json\n");
    for (const name of Object.keys(COMMANDS)) {
      const { flags } = (await commandIn(COMMANDS as CommandTable, name))!;
      expect(page).toContain(`\n.Ss ${name}\n`);
      for (const [flag, { isHidden }] of Object.entries(flags)) {
        const escaped = `\\-\\-${flag.replaceAll("-", "\\-")}`;
        const isNamed = page.includes(escaped) || page.includes(`.It Fl -${escaped.slice(4)}`);
        // Some commands take those of others, which stand there.
        const isOthers = Object.hasOwn(CONNECT_FLAGS, flag);
        expect({ flag, isNamed }).toEqual({ flag, isNamed: !isHidden || isOthers });
      }
    }
  });

  test("lets no text begin a macro", async () => {
    const page = await manualPage("1.2.3", undefined);
    const lines = page.split("\n").filter((line) => /^['.]/.test(line));
    expect(lines.filter((line) => !/^\.(?:Dd|Dt|Os|Sh|Ss|Nm|Nd|Cm|Ar|Op|Pp|Bl|It|El|Fl|Dl)(?: |$)/.test(line))).toEqual(
      [],
    );
  });

  const isWanted = process.platform === "linux" && process.env.CI !== undefined;
  test.skipIf(Bun.which("mandoc") === null && !isWanted)("is taken by mandoc without a word", async () => {
    const lint = Bun.spawn(["mandoc", "-Tlint"], {
      stdin: new Blob([await manualPage("1.2.3", "2026-11-03")]),
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await lint.stdout.text() + await lint.stderr.text()).toBe("");
    expect(await lint.exited).toBe(0);
  });
});
