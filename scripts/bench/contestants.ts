/** Who takes part: our executable, the byte pipe that is the floor, and mcp-remote, which most people use today. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { compile, EXECUTABLE } from "../build.ts";

const ROOT = join(import.meta.dir, "..", "..");
const MCP_REMOTE = join(ROOT, "node_modules", "mcp-remote");

/** The columns of the table. */
export type Name = "mcp-bridge" | "byte pipe" | "mcp-remote";

/** The names in the order of the columns. */
export const NAMES: readonly Name[] = ["mcp-bridge", "byte pipe", "mcp-remote"];

/** A program that speaks MCP on stdio and forwards to the URL that it is given. */
export interface Contestant {
  readonly name: Name;
  readonly version: string;
  /** Its command line for a far end at `url`. */
  command(url: string): string[];
}

/**
 * Builds what is missing or older than its source and lists who can take part. `bridge` names another executable to
 * measure in our column. mcp-bridge is left out while there is neither an executable nor a source to build it from.
 */
export function prepareContestants(bridge?: string): Contestant[] {
  const ours = bridge === undefined ? EXECUTABLE : resolve(bridge);
  const entry = join(ROOT, "src", "main.ts");
  if (bridge === undefined && existsSync(entry)) buildIfOlder(entry, join(ROOT, "src"), ours);
  const pipe = join(ROOT, "dist", "byte-pipe");
  buildIfOlder(join(import.meta.dir, "byte_pipe.ts"), join(import.meta.dir, "byte_pipe.ts"), pipe);

  const contestants: Contestant[] = [
    { name: "byte pipe", version: "-", command: (url) => [pipe, url] },
    {
      name: "mcp-remote",
      version: versionIn(MCP_REMOTE),
      command: (url) => ["node", join(MCP_REMOTE, "dist", "proxy.js"), url, "--transport", "http-only"],
    },
  ];
  if (existsSync(ours)) {
    contestants.unshift({ name: "mcp-bridge", version: versionIn(ROOT), command: (url) => [ours, url] });
  }
  return contestants;
}

function versionIn(folder: string): string {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
}

function buildIfOlder(entry: string, sources: string, outfile: string): void {
  if (!existsSync(outfile) || statSync(outfile).mtimeMs < newestBelow(sources)) compile(entry, outfile);
}

function newestBelow(path: string): number {
  if (statSync(path).isFile()) return statSync(path).mtimeMs;
  const files = [...new Bun.Glob("**/*.ts").scanSync(path)];
  return Math.max(...files.map((file) => statSync(join(path, file)).mtimeMs));
}
