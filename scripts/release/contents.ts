/** What is in an archive beside the executable. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SCRIPTS } from "../../src/cli/completion_scripts.ts";
import { manualPage } from "../man.ts";
import type { Entry } from "./archive.ts";
import { type Product, ROOT } from "./product.ts";

/** Where the archives have the scripts of the shells, by names that these look for. */
export const COMPLETIONS = {
  bash: "completions/mcp-bridge.bash",
  zsh: "completions/_mcp-bridge",
  fish: "completions/mcp-bridge.fish",
  powershell: "completions/mcp-bridge.ps1",
} as const satisfies Record<keyof typeof SCRIPTS, string>;

/** Where they have the page of the manual. */
export const MAN_PAGE = "man/man1/mcp-bridge.1";

/**
 * The licence, the manual and the completions of `product`; `licences` is the text of the others' licences, and `time` that
 * of the sources.
 */
export async function documents(product: Product, licences: string, time: Date): Promise<Entry[]> {
  const page = await manualPage(product.version, time.toISOString().slice(0, 10));
  return [
    { path: "LICENSE", content: readFileSync(join(ROOT, "LICENSE")) },
    { path: "README.md", content: readFileSync(join(ROOT, "README.md")) },
    { path: "THIRD_PARTY_LICENSES.txt", content: licences },
    ...(Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[])
      .map((shell) => ({ path: COMPLETIONS[shell], content: SCRIPTS[shell] })),
    { path: MAN_PAGE, content: page },
  ];
}
