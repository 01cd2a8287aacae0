/** Several servers behind one stdio end, from the sources: `bun several_program.ts slug=url ...`. */
import { fileURLToPath } from "node:url";
import { connectSeveral } from "../../src/app/connect_several.ts";
import type { StateSettings } from "../../src/app/state.ts";
import type { UpstreamSettings } from "../../src/app/upstream.ts";
import type { Command } from "./executable.ts";
import type { Home } from "./home.ts";
import { upstreamSettings } from "./upstream_settings.ts";

/** The command that starts it inside `home`, with the address of each server by its slug. */
export function severalCommand(home: Home, servers: Readonly<Record<string, string>>): Command {
  const words = Object.entries(servers).map(([slug, url]) => `${slug}=${url}`);
  return { command: process.execPath, args: [fileURLToPath(import.meta.url), ...words], env: home.env, stderr: "pipe" };
}

const STATE: StateSettings = {
  surroundings: { platform: process.platform, env: process.env },
  keyKind: "file",
  passphrase: undefined,
};

function serverAt(url: string): UpstreamSettings {
  return upstreamSettings({
    server: new URL(url),
    // Whoever brings a credential is not signed in.
    headers: { authorization: "Bearer test" },
    state: STATE,
    ignoredTools: ["*_error_handling"],
  });
}

if (import.meta.main) {
  const servers = process.argv.slice(2).map((word) => {
    const end = word.indexOf("=");
    return { slug: word.slice(0, end), settings: serverAt(word.slice(end + 1)) };
  });
  const settings = {
    servers,
    cures: new Set(["auto"] as const),
    maxMessage: 64 * 1_048_576,
    state: STATE,
    serverInfo: { name: "mcp-bridge", version: "1" },
  };
  const notify = ({ level, text }: { level: string; text: string }): void => console.error(`${level}: ${text}`);
  process.exit(await connectSeveral(settings, { input: Bun.stdin.stream(), output: Bun.stdout.writer(), notify }));
}
