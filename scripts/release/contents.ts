/** What is in an archive beside the executable. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SCRIPTS } from "../../src/cli/completion_scripts.ts";
import type { Entry } from "./archive.ts";
import { ROOT } from "./product.ts";

/** Where the archives have the scripts of the shells, by names that these look for. */
export const COMPLETIONS = {
  bash: "completions/mcp-bridge.bash",
  zsh: "completions/_mcp-bridge",
  fish: "completions/mcp-bridge.fish",
  powershell: "completions/mcp-bridge.ps1",
} as const satisfies Record<keyof typeof SCRIPTS, string>;

/** Where they have the page of the manual. */
export const MAN_PAGE = "man/man1/mcp-bridge.1";

/** The licence, the manual and the completions; `licences` is the text of the others' licences. */
export function documents(licences: string): Entry[] {
  return [
    { path: "LICENSE", content: readFileSync(join(ROOT, "LICENSE")) },
    { path: "README.md", content: readFileSync(join(ROOT, "README.md")) },
    { path: "THIRD_PARTY_LICENSES.txt", content: licences },
    ...(Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[])
      .map((shell) => ({ path: COMPLETIONS[shell], content: SCRIPTS[shell] })),
    ...manual(),
  ];
}

function manual(): Entry[] {
  const file = join(ROOT, "scripts", "man.ts");
  if (!existsSync(file)) return [];
  const page = Bun.spawnSync([process.execPath, file], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  if (!page.success) throw new Error(`cannot write the page of the manual: ${page.stderr.toString()}`);
  return [{ path: MAN_PAGE, content: page.stdout.toString() }];
}
