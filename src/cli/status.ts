import { listAccounts, type SignedIn } from "../app/accounts.ts";
import { openState } from "../app/state.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import type { VaultStatus } from "../vault/vault.ts";
import type { Command, Flags } from "./command.ts";
import { noticePrinter, printAnswer } from "./print.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";

const FLAGS = {
  "json": { type: "boolean", text: "as JSON" },
  "vault-key": STATE_FLAGS["vault-key"],
} as const satisfies Flags;

/** `mcp-bridge status`: who is signed in where, without any secret. */
export const statusCommand: Command<typeof FLAGS> = {
  name: "status",
  summary: "Shows who is signed in where, for what and until when, and what keeps the vault shut.",
  operands: [],
  flags: FLAGS,
  examples: ["mcp-bridge status", "mcp-bridge status --json"],
  async run({ flags }): Promise<number> {
    const clock = systemClock;
    const vault = openState(readState(flags, process.env), clock, noticePrinter("info"));
    const [accounts, state] = [await listAccounts(vault), await vault.status()];
    await printAnswer(
      flags.json ? `${JSON.stringify({ vault: state, accounts }, null, 2)}\n` : asText(accounts, state, clock),
    );
    return 0;
  },
};

const KEYS = {
  keychain: "its key is in the system's keychain",
  file: "its key is in a file that only you can read, since there is no keychain",
  passphrase: "its key is made of a passphrase",
};

function asText(accounts: readonly SignedIn[], { exists, file, keyKind }: VaultStatus, clock: Clock): string {
  const lines = exists ? [`vault: ${file}; ${KEYS[keyKind ?? "file"]}`, ""] : [];
  if (accounts.length === 0) return [...lines, "nobody is signed in anywhere", ""].join("\n");
  for (const { server, account, issuer, scope, expiresAt, renews } of accounts) {
    lines.push(
      `${server}${account === "default" ? "" : ` (${account})`}`,
      `  by       ${issuer}`,
      `  for      ${scope ?? "what the server grants by itself"}`,
      `  token    ${lifeOf(expiresAt, clock)}${renews ? ", renewed by itself" : ""}`,
      "",
    );
  }
  return lines.join("\n");
}

function lifeOf(expiresAt: number | undefined, clock: Clock): string {
  if (expiresAt === undefined) return "without an end that anybody named";
  const minutes = Math.round((expiresAt - clock.now()) / 60_000);
  if (minutes < 0) return "has ended";
  if (minutes < 120) return `ends in ${minutes} min`;
  return minutes < 2_880 ? `ends in ${Math.round(minutes / 60)} h` : `ends in ${Math.round(minutes / 1_440)} days`;
}
