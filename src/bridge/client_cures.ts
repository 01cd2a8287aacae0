/** What can be done about faults of clients, by name; `.github/CLIENTS.md` says what for, and on what evidence. */
export const CURES = ["merge-lists", "null-arguments", "line-separators"] as const;

/** One of `CURES`. */
export type Cure = typeof CURES[number];

/** Which cures a person wants: those by name, and with `auto` what the client is known to need. */
export type WantedCures = ReadonlySet<Cure | "auto">;

/** What clients are known to need, by `clientInfo.name`. */
const KNOWN_CLIENTS: ReadonlyMap<string, readonly Cure[]> = new Map([
  ["claude-ai", ["merge-lists"]],
  ["claude-code", ["merge-lists"]],
  ["codex-mcp-client", ["merge-lists"]],
  ["factory-cli", ["merge-lists"]],
  ["github-copilot-developer", ["merge-lists"]],
  ["mcpproxy-go", ["null-arguments"]],
  ["opencode", ["merge-lists"]],
  ["Zed", ["merge-lists"]],
]);

/** The cures for a client, which is known by the name that it gives itself, if at all. */
export function curesFor(wanted: WantedCures, client: string | undefined): ReadonlySet<Cure> {
  const known = wanted.has("auto") && client !== undefined ? KNOWN_CLIENTS.get(client) ?? [] : [];
  return new Set(CURES.filter((cure) => wanted.has(cure) || known.includes(cure)));
}
