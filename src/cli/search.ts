import { openBudget } from "../app/budget.ts";
import { openNetwork } from "../app/network.ts";
import { readServerUrl } from "../net/server_url.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError, harmless } from "../platform/errors.ts";
import { addWords } from "../registry/add_words.ts";
import { type Findings, type Listing, OFFICIAL_REGISTRY, searchCatalogue } from "../registry/catalogue.ts";
import type { Command, Flags } from "./command.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { printAnswer, printLine } from "./print.ts";
import { shellWord } from "../platform/shell_word.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = {
  "registry": {
    type: "string",
    default: OFFICIAL_REGISTRY,
    value: "URL",
    text: "the registry to ask: one with the official one's API",
  },
  "limit": { type: "string", default: "20", value: "NUMBER", text: "as many servers at most" },
  "json": { type: "boolean", text: "as JSON" },
  ...NETWORK_FLAGS,
} as const satisfies Flags;

/** `mcp-bridge search`: finds servers in the official MCP registry. */
export const searchCommand: Command<typeof FLAGS> = {
  name: "search",
  summary: "Finds servers in the official MCP registry by their names. Anybody may publish there: look before you add.",
  operands: [{ name: "word", text: "a part of the name" }],
  flags: FLAGS,
  examples: ["mcp-bridge search github", "mcp-bridge search notion --json"],
  async run({ operands: [word], flags }): Promise<number> {
    const registry = readServerUrl(flags.registry, false);
    const limit = readLimit(flags.limit);
    const wire = openNetwork(await readNetwork(flags), systemClock, openBudget());
    const findings = await whileWaiting(
      `asking ${registry.host}`,
      () => searchCatalogue(word!, limit, { registry, wire, clock: systemClock }),
    );
    await printAnswer(flags.json ? asJson(findings) : asText(findings));
    if (findings.hasMore && !flags.json) printLine('there are more: say more of the name, or raise "--limit"');
    return findings.listings.length > 0 ? 0 : 1;
  },
};

function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100) return limit;
  throw new BridgeError("bad_argument", `"--limit" wants a whole number from 1 to 100: ${JSON.stringify(text)}`, {
    hint: 'for example "--limit 50"',
  });
}

function asJson({ listings, hasMore }: Findings): string {
  const servers = listings.map((listing) => ({ ...listing, add: addLine(listing) }));
  return `${JSON.stringify({ servers, hasMore }, null, 2)}\n`;
}

function asText({ listings }: Findings): string {
  if (listings.length === 0) return "no server has that in its name\n";
  return listings.map((listing) => {
    const { name, description, version, remotes, packages } = listing;
    const places = [
      ...remotes.map(({ url }) => url),
      ...packages.map(({ kind, identifier }) => `${kind} ${identifier}`),
    ];
    const add = addLine(listing);
    return [
      `${shown(name)}${version === undefined ? "" : ` ${shown(version)}`}`,
      ...(description === "" ? [] : [`  ${shown(description, 300)}`]),
      ...places.map((place) => `  ${shown(place)}`),
      ...(add === undefined ? [] : [`  ${add}`]),
      "",
    ].join("\n");
  }).join("\n");
}

/** The command that takes a server, to be pasted into a shell. */
function addLine(listing: Listing): string | undefined {
  const words = addWords(listing);
  if (words === undefined || words.some((word) => /[^ -~]/.test(word))) return undefined;
  return ["mcp-bridge", ...words].map(shellWord).join(" ");
}

/** A registry's words on one line. */
function shown(text: string, limit = 200): string {
  return harmless(text.replace(/\s+/g, " ").trim(), limit);
}
