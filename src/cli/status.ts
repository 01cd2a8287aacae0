import { type Imported, listAccounts, listImported, type SignedIn } from "../app/accounts.ts";
import { ownerAddress } from "../app/authentication.ts";
import { openState } from "../app/state.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { harmless } from "../platform/errors.ts";
import { readServerUrl } from "../net/server_url.ts";
import type { KeyKind } from "../vault/seal.ts";
import type { VaultStatus } from "../vault/vault.ts";
import { isAddress } from "./arguments.ts";
import type { Command, Flags } from "./command.ts";
import { addressOf, findNamed } from "./named_server.ts";
import { noticePrinter, printAnswer } from "./print.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = {
  "json": { type: "boolean", text: "as JSON" },
  "vault-key": STATE_FLAGS["vault-key"],
} as const satisfies Flags;

/** `mcp-bridge status`: who is signed in where, without any secret. */
export const statusCommand: Command<typeof FLAGS> = {
  name: "status",
  summary: "Shows who is signed in where, for what and until when, and what keeps the vault shut.",
  operands: [{
    name: "url",
    text: "this server alone, by its address or its name",
    optional: true,
    choices: "servers",
  }],
  flags: FLAGS,
  examples: ["mcp-bridge status", "mcp-bridge status linear", "mcp-bridge status --json"],
  async run({ operands: [word], flags, words }): Promise<number> {
    const clock = systemClock;
    const vault = openState(readState(flags, process.env), clock, noticePrinter("info"));
    const server = word === undefined ? undefined : await readServer(word, words);
    const isMeant = (one: Imported): boolean => server === undefined || one.server === server;
    const [accounts, imported, state] = await whileWaiting("opening the vault", async () => {
      const all = await listAccounts(vault);
      const imported = await listImported(vault, all);
      return [all.filter(isMeant), imported.filter(isMeant), await vault.status()] as const;
    });
    await printAnswer(
      flags.json ? `${JSON.stringify({ vault: state, accounts, imported }, null, 2)}\n` : asText(
        [...accounts.map((one) => rowOf(one, clock)), ...imported.map(rowOfImported)],
        state,
        server === undefined,
      ),
    );
    return 0;
  },
};

/** The address under which tokens of a server are kept. */
async function readServer(word: string, words: readonly string[]): Promise<string> {
  const named = isAddress(word) ? undefined : await findNamed(word, { flags: {}, words }, process.env, true);
  return ownerAddress(named === undefined ? readServerUrl(word, true) : addressOf(named.entry));
}

/** Where the key of the vault is, as people say it. */
export const KEY_PLACES: Readonly<Record<KeyKind, string>> = {
  keychain: "in the system's keychain",
  file: "in a file beside it that only you can read",
  passphrase: "made of a passphrase",
};

/** What is said of an account at a server. */
interface Row extends Imported {
  readonly lines: readonly string[];
}

function rowOf(signedIn: SignedIn, clock: Clock): Row {
  const { server, account, issuer, scope } = signedIn;
  const grant = scope === undefined ? "no scope named" : `scope ${harmless(scope)}`;
  return { server, account, lines: [lifeOf(signedIn, clock), `${grant}, from ${issuer}`] };
}

function rowOfImported({ server, account }: Imported): Row {
  return { server, account, lines: ["the sign-in of mcp-remote, which the first use takes over"] };
}

function asText(rows: readonly Row[], { exists, file, keyKind }: VaultStatus, isAll: boolean): string {
  const vault = exists ? [`the vault is ${file}; its key is ${KEY_PLACES[keyKind ?? "file"]}`, ""] : [];
  if (rows.length === 0) {
    return [`nobody is signed in ${isAll ? "anywhere" : "there"}`, ...vault, ""].join("\n").replace(/\n+$/, "\n");
  }
  const column = Math.max(...rows.map(({ account }) => account.length)) + 2;
  const lines: string[] = [];
  let last: string | undefined;
  for (const { server, account, lines: [first = "", ...more] } of rows.toSorted(byName)) {
    if (server !== last) lines.push(...(last === undefined ? [] : [""]), server);
    last = server;
    lines.push(`  ${account.padEnd(column)}${first}`, ...more.map((line) => `  ${"".padEnd(column)}${line}`));
  }
  return [...lines, "", ...vault].join("\n");
}

/** By server, the account without a name of its own first. */
function byName(one: Imported, other: Imported): number {
  const [first, second] = [one, other].map(({ server, account }) => [server, account === "default" ? "" : account]);
  return String(first) < String(second) ? -1 : 1;
}

const MINUTE_MS = 60_000;

function lifeOf({ server, account, expiresAt, renews }: SignedIn, clock: Clock): string {
  if (expiresAt === undefined) return "the token has no end that anybody named";
  const minutes = Math.floor((expiresAt - clock.now()) / MINUTE_MS);
  if (minutes >= 0) return `the token ends in ${spanOf(minutes)}${renews ? ", and is renewed by itself" : ""}`;
  if (renews) return "the token has ended, and the next use renews it";
  const which = account === "default" ? "" : ` --account ${account}`;
  return `the token has ended: run "mcp-bridge login ${server}${which}"`;
}

function spanOf(minutes: number): string {
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} days`;
}
