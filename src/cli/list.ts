import { quoted } from "../platform/errors.ts";
import type { Registry, ServerEntry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { maskedCommand, maskedUrl } from "../registry/mask.ts";
import { readRegistry } from "../registry/registry.ts";
import type { Command, Flags } from "./command.ts";
import { printAnswer } from "./print.ts";

const FLAGS = { "json": { type: "boolean", text: "as JSON" } } as const satisfies Flags;

/** `mcp-bridge list`: the servers of servers.json. */
export const listCommand: Command<typeof FLAGS> = {
  name: "list",
  summary: "Lists the servers in servers.json, and what is wrong with those that cannot be used.",
  operands: [],
  flags: FLAGS,
  examples: ["mcp-bridge list", "mcp-bridge list --json"],
  async run({ flags }): Promise<number> {
    const file = registryFile({ platform: process.platform, env: process.env });
    const registry = await readRegistry(file);
    await printAnswer(flags.json ? asJson(registry, file) : asText(registry));
    return 0;
  },
};

function asJson({ servers, faults }: Registry, file: string): string {
  const list = [...servers.values()].map((entry) => ({
    name: entry.slug,
    label: entry.label,
    ...(entry.server instanceof URL ? { url: maskedUrl(entry.server) } : { command: maskedCommand(entry.server) }),
    account: entry.account,
    disabled: entry.disabled,
  }));
  return `${JSON.stringify({ file, servers: list, faults }, null, 2)}\n`;
}

function asText({ servers, faults }: Registry): string {
  if (servers.size === 0 && faults.length === 0) {
    return 'there are no servers yet: "mcp-bridge add NAME URL" adds one, "mcp-bridge search WORD" finds one\n';
  }
  const column = Math.max(0, ...[...servers.keys()].map((slug) => slug.length)) + 2;
  const rows = [...servers.values()].map((entry) => {
    const notes = notesOf(entry);
    return `${entry.slug.padEnd(column)}${placeOf(entry)}${notes.length === 0 ? "" : `  (${notes.join(", ")})`}`;
  });
  const wrong = faults.map(({ text, hint }) => `left out: ${text}${hint === undefined ? "" : `; ${hint}`}`);
  return `${[...rows, ...(rows.length > 0 && wrong.length > 0 ? [""] : []), ...wrong].join("\n")}\n`;
}

/** Where a server is, on one line, without what may be a secret. */
export function placeOf({ server }: ServerEntry): string {
  if (server instanceof URL) return maskedUrl(server);
  return maskedCommand(server).map((word) => /^[\w@%+=:,./*-]+$/.test(word) ? word : quoted(word)).join(" ");
}

function notesOf({ label, slug, account, disabled }: ServerEntry): string[] {
  return [
    ...(disabled ? ["disabled"] : []),
    ...(label === slug ? [] : [quoted(label)]),
    ...(account === "default" ? [] : [`account ${quoted(account)}`]),
  ];
}
