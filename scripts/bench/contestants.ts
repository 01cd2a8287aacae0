/**
 * Who takes part: our executable, the byte pipe that is the floor, mcp-remote, which most people use today, and where
 * that is wanted another executable of ours, built from an earlier commit.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { compile, EXECUTABLE } from "../build.ts";
import type { Place, Way } from "./far_end.ts";

const ROOT = join(import.meta.dir, "..", "..");
const MCP_REMOTE = join(ROOT, "node_modules", "mcp-remote");

/** The columns of the table. */
export type Name = "mcp-bridge" | "byte pipe" | "mcp-remote" | "earlier";

/** The names in the order of the columns; "earlier" has one only where it takes part. */
export const NAMES: readonly Name[] = ["mcp-bridge", "byte pipe", "mcp-remote", "earlier"];

/** A program that speaks MCP on stdio and forwards to the server that it is told. */
export interface Contestant {
  readonly name: Name;
  readonly version: string;
  /** How it can reach a server. */
  readonly ways: readonly Way[];
  /** Its command line for a server. */
  command(place: Place): string[];
  /** What its environment holds besides, where it is not started as usual. */
  readonly env?: Readonly<Record<string, string>>;
}

const ALL_WAYS: readonly Way[] = ["http", "sse", "webSocket", "stdio"];

/** Other executables of ours to measure. */
export interface Executables {
  /** In our column. */
  readonly bridge?: string | undefined;
  /** Beside it, as "earlier". */
  readonly against?: string | undefined;
}

/**
 * Builds what is missing or older than its source and lists who can take part. mcp-bridge is left out while there is
 * neither an executable nor a source to build it from. Throws when there is nothing at `against`.
 */
export function prepareContestants({ bridge, against }: Executables): Contestant[] {
  const ours = bridge === undefined ? EXECUTABLE : resolve(bridge);
  const entry = join(ROOT, "src", "main.ts");
  if (bridge === undefined && existsSync(entry)) buildIfOlder(entry, join(ROOT, "src"), ours);
  const pipe = join(ROOT, "dist", "byte-pipe");
  buildIfOlder(join(import.meta.dir, "byte_pipe.ts"), join(import.meta.dir, "byte_pipe.ts"), pipe);

  const contestants: Contestant[] = [
    {
      name: "byte pipe",
      version: "-",
      ways: ALL_WAYS,
      command: ({ way, words }) => [pipe, way, ...words],
    },
    {
      name: "mcp-remote",
      version: versionIn(MCP_REMOTE),
      ways: ["http", "sse"],
      command: ({ way, words }) => {
        return ["node", join(MCP_REMOTE, "dist", "proxy.js"), ...words, "--transport", `${way}-only`];
      },
    },
  ];
  if (existsSync(ours)) contestants.unshift(ourselves("mcp-bridge", versionIn(ROOT), ours));
  if (against !== undefined) {
    const earlier = resolve(against);
    if (!existsSync(earlier)) throw new Error(`there is no executable at '${earlier}'`);
    contestants.push(ourselves("earlier", "-", earlier));
  }
  return contestants;
}

function ourselves(name: Name, version: string, executable: string): Contestant {
  return {
    name,
    version,
    ways: ALL_WAYS,
    command({ way, words }): string[] {
      switch (way) {
        case "http":
        case "webSocket":
          return [executable, ...words];
        case "sse":
          return [executable, ...words, "--transport", "sse-only"];
        case "stdio":
          return [executable, "--", ...words];
      }
    },
  };
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
