/** The bundle of Claude Desktop (.mcpb): a double click installs it, and asks for the server. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Effort, type Entry, packZip } from "./archive.ts";
import type { Product } from "./product.ts";
import { executableName, type Target } from "./targets.ts";

/** The name of a target's bundle. */
export function bundleName(version: string, { name }: Target): string {
  return `mcp-bridge-${version}-${name}.mcpb`;
}

/** Whether a target has a bundle: Claude Desktop is there for macOS and Windows. */
export function hasBundle({ os }: Target): boolean {
  return os !== "linux";
}

/** The manifest of a target's bundle. One bundle has one executable: the format tells systems apart, and not processors. */
export function bundleManifest(product: Product, target: Target): object {
  const program = `server/${executableName(target)}`;
  return {
    manifest_version: "0.3",
    name: product.name,
    display_name: "MCP Bridge",
    version: product.version,
    description: product.description,
    long_description:
      "Connects to a remote MCP server and signs in to it in the browser. Tokens are kept in an encrypted vault, and never reach the client.",
    author: { name: product.name, url: product.homepage },
    repository: { type: "git", url: `${product.homepage}.git` },
    homepage: product.homepage,
    documentation: product.homepage,
    support: `${product.homepage}/issues`,
    icon: "icon.png",
    license: product.license,
    server: {
      type: "binary",
      entry_point: program,
      mcp_config: { command: `\${__dirname}/${program}`, args: ["connect", "${user_config.server}"], env: {} },
    },
    tools_generated: true,
    prompts_generated: true,
    user_config: {
      server: {
        type: "string",
        title: "Server",
        description: "The URL of the MCP server, such as https://mcp.example.com/mcp, or a name in servers.json.",
        required: true,
      },
    },
    compatibility: { platforms: [target.os] },
  };
}

/** The bundle of the executable `program`, with `papers` beside it. */
export function packBundle(
  product: Product,
  target: Target,
  program: Uint8Array,
  papers: readonly Entry[],
  time: Date,
  effort: Effort,
): Uint8Array {
  return packZip(
    "",
    [
      { path: "manifest.json", content: `${JSON.stringify(bundleManifest(product, target), undefined, 2)}\n` },
      { path: "icon.png", content: readFileSync(join(import.meta.dir, "icon_512.png")) },
      { path: `server/${executableName(target)}`, content: program, isExecutable: true },
      ...papers.filter(({ path }) => /LICENSE/.test(path)),
    ],
    time,
    effort,
  );
}
