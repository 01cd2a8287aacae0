import { harmless, quoted } from "../platform/errors.ts";
import type { ServerEntry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { maskedAll, maskedCommand, maskedUrl } from "../registry/mask.ts";
import { readRegistry } from "../registry/registry.ts";
import { serverIn } from "../registry/find.ts";
import type { Command, Flags } from "./command.ts";
import { placeOf } from "./list.ts";
import { printAnswer } from "./print.ts";

const FLAGS = { "json": { type: "boolean", text: "as JSON" } } as const satisfies Flags;

/** `mcp-bridge show`: one server of servers.json. */
export const showCommand: Command<typeof FLAGS> = {
  name: "show",
  summary: "Shows what servers.json says of a server; what may be a secret and is no reference is not shown.",
  operands: [{ name: "name", text: "the server's name", choices: "servers" }],
  flags: FLAGS,
  examples: ["mcp-bridge show linear", "mcp-bridge show linear --json"],
  async run({ operands: [name], flags }): Promise<number> {
    const file = registryFile({ platform: process.platform, env: process.env });
    const entry = await serverIn(await readRegistry(file), name!);
    await printAnswer(flags.json ? `${JSON.stringify(asJson(entry), null, 2)}\n` : asText(entry));
    return 0;
  },
};

function asJson({ server, slug, headers, oauth, ...rest }: ServerEntry): object {
  const isRemote = server instanceof URL;
  return {
    name: slug,
    ...rest,
    ...(isRemote ? { url: maskedUrl(server), headers: maskedAll(headers), oauth: shownOauth(oauth) } : {
      command: maskedCommand(server),
      env: maskedAll(server.env),
      cwd: server.cwd,
    }),
  };
}

function asText(entry: ServerEntry): string {
  const { server, slug, label, tools, timeouts } = entry;
  const isRemote = server instanceof URL;
  const rows: [name: string, value: string][] = [
    [isRemote ? "url" : "command", placeOf(entry)],
    ...(label === slug ? [] : [["label", quoted(label)] as [string, string]]),
    ...(entry.disabled ? [["disabled", "yes"] as [string, string]] : []),
    ...pairs(isRemote ? "header" : "env", maskedAll(isRemote ? entry.headers : server.env)),
    ...(isRemote || server.cwd === undefined ? [] : [["cwd", quoted(server.cwd)] as [string, string]]),
    ...(isRemote ? [["account", shown(entry.account)], ["transport", entry.transport]] as [string, string][] : []),
    ["protocol", entry.protocol],
    ["share", entry.share],
    ["tools", toolsOf(tools)],
    [
      "timeouts",
      Object.entries(timeouts).map(([name, ms]) => `${name} ${ms === 0 ? "none" : `${ms / 1_000} s`}`).join(", "),
    ],
    ...(entry.keepAlive === 0 ? [] : [["keepAlive", `every ${entry.keepAlive / 1_000} s`] as [string, string]]),
    ...(entry.ipv4 ? [["ipv4", "only"] as [string, string]] : []),
    ...pairs("tls", { ...entry.tls }),
    ...(entry.cookies ? [] : [["cookies", "none"] as [string, string]]),
    ...(isRemote ? pairs("oauth", shownOauth(entry.oauth)) : []),
  ];
  const column = Math.max(...rows.map(([name]) => name.length)) + 4;
  return `${[slug, ...rows.map(([name, value]) => `  ${name.padEnd(column - 2)}${value}`)].join("\n")}\n`;
}

function pairs(name: string, values: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(values).map(([key, value]) => [name, `${shown(key)}: ${shown(String(value))}`]);
}

function toolsOf({ allow, deny }: ServerEntry["tools"]): string {
  const only = allow.length === 0 ? "all" : allow.map(shown).join(" ");
  return deny.length === 0 ? only : `${only}, but not ${deny.map(shown).join(" ")}`;
}

/** The names of parameters are shown, their values are not: people put secrets there. */
function shownOauth({ authorizeParams, tokenCommand, ...oauth }: ServerEntry["oauth"]): Record<string, unknown> {
  const names = Object.keys(authorizeParams ?? {});
  const [command, ...args] = tokenCommand ?? [];
  const words = command === undefined ? {} : { tokenCommand: maskedCommand({ command, args }).join(" ") };
  return { ...known(oauth), ...words, ...(names.length === 0 ? {} : { authorizeParams: names.join(", ") }) };
}

const KNOWN = [
  "grant",
  "scope",
  "clientId",
  "clientSecret",
  "resource",
  "provider",
  "callbackPort",
  "callbackHost",
  "callbackPath",
  "clientMetadataUrl",
  "tokenEndpoint",
  "tokenLifetime",
  "useIdToken",
  "allowNoPkce",
  "allowPrivateNetwork",
] as const;

function known(oauth: ServerEntry["oauth"]): Record<string, unknown> {
  return Object.fromEntries(KNOWN.filter((name) => oauth[name] !== undefined).map((name) => [name, oauth[name]]));
}

/** A text of the file, away from the terminal's controls. */
function shown(text: string): string {
  return harmless(text, 1_000);
}
