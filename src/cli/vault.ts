import { vaultOptions } from "../app/state.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError, type ErrorCode } from "../platform/errors.ts";
import { replacePrivateFile } from "../platform/private_files.ts";
import type { VaultOptions } from "../vault/access.ts";
import { rotateKey } from "../vault/rotate.ts";
import { exportVault, importVault } from "../vault/transfer.ts";
import { openVault, type VaultStatus } from "../vault/vault.ts";
import { readChoice } from "./arguments.ts";
import type { Command, Flags } from "./command.ts";
import { readPassphrase } from "./passphrase.ts";
import { noticePrinter, printAnswer, printLine } from "./print.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";
import { KEY_PLACES } from "./status.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = {
  "json": { type: "boolean", text: "status as JSON" },
  "vault-key": {
    ...STATE_FLAGS["vault-key"],
    text: "where the key is, and where rotate puts the next one: keychain, file or passphrase",
  },
} as const satisfies Flags;

/** What a person wants of the vault, once the words are read. */
interface Wish {
  readonly options: VaultOptions;
  readonly asJson: boolean;
  /** The whole path of the file that was named. */
  readonly file: string;
}

const ACTIONS = { status, rotate, export: exportTo, import: importFrom } as const;
const NAMES = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[];
const WITH_FILE: readonly string[] = ["export", "import"];

/** `mcp-bridge vault`: what keeps the tokens shut, and how they come to another machine. */
export const vaultCommand: Command<typeof FLAGS> = {
  name: "vault",
  summary: "Shows what keeps the tokens shut, changes its key, or takes them to another machine.",
  operands: [
    { name: "action", text: "status, rotate (a new key), export or import", choices: NAMES },
    {
      name: "file",
      text: "what export writes and import reads, under the passphrase in MCP_BRIDGE_PASSPHRASE or typed in",
      optional: true,
      choices: "files",
    },
  ],
  flags: FLAGS,
  examples: [
    "mcp-bridge vault status",
    "mcp-bridge vault rotate --vault-key keychain",
    "mcp-bridge vault export tokens.vault",
    "mcp-bridge vault import tokens.vault",
  ],
  async run({ operands: [word, file], flags }): Promise<number> {
    const action = readChoice("mcp-bridge vault", word!, NAMES);
    checkFile(action, file);
    const { resolve } = await import("node:path");
    const options = vaultOptions(readState(flags, process.env), systemClock, noticePrinter("info"));
    return await ACTIONS[action]({ options, asJson: flags.json, file: resolve(file ?? "") });
  },
};

function checkFile(action: string, file: string | undefined): void {
  const takesOne = WITH_FILE.includes(action);
  if (takesOne === (file !== undefined)) return;
  throw new BridgeError(
    "bad_argument",
    takesOne ? `"vault ${action}" wants a file` : `"vault ${action}" takes no file: ${JSON.stringify(file)}`,
    { hint: takesOne ? `for example "mcp-bridge vault ${action} tokens.vault"` : "leave it out" },
  );
}

async function status({ options, asJson }: Wish): Promise<number> {
  const state = await statusOf(options);
  await printAnswer(asJson ? `${JSON.stringify(state, null, 2)}\n` : asText(state));
  return 0;
}

/** Another program may keep the vault busy for a while. */
async function statusOf(options: VaultOptions): Promise<VaultStatus> {
  return await whileWaiting("looking at the vault", () => openVault(options).status());
}

function asText({ exists, file, keyKind, format, rows }: VaultStatus): string {
  if (!exists) return `there is no vault yet: the first sign-in makes ${file}\n`;
  return [
    `vault   ${file}`,
    `key     ${KEY_PLACES[keyKind!]}`,
    `holds   ${counted(rows)}, sealed, in format ${format}`,
    "",
  ].join("\n");
}

async function rotate({ options }: Wish): Promise<number> {
  const { exists, keyKind } = await statusOf(options);
  if (!exists) return fail("there is no vault, and no key to change");
  const next = options.keyKind ?? keyKind!;
  const isNew = keyKind !== "passphrase";
  const passphrase = isNew && next !== "passphrase"
    ? undefined
    : await readPassphrase(process.env, "passphrase of the vault", isNew);
  const count = await whileWaiting(
    "sealing the vault anew",
    () => rotateKey({ ...options, keyKind: undefined, passphrase }, { keyKind: next, passphrase }),
  );
  printLine(`the vault has a new key, ${KEY_PLACES[next]}: ${counted(count)} sealed anew`);
  return 0;
}

async function exportTo({ options, file }: Wish): Promise<number> {
  const { existsSync } = await import("node:fs");
  const { exists, keyKind } = await statusOf(options);
  if (!exists) return fail("there is no vault, and nothing to export");
  if (existsSync(file)) {
    throw new BridgeError("bad_argument", `${JSON.stringify(file)} is there already`, { hint: "name a new file" });
  }
  const passphrase = await readPassphrase(process.env, "passphrase of the file", keyKind !== "passphrase");
  const bytes = await whileWaiting("reading the vault", () => exportVault({ ...options, passphrase }, passphrase));
  try {
    await replacePrivateFile(file, bytes);
  } catch (cause) {
    throw unusable("bad_argument", "write", file, cause);
  }
  printLine(`the tokens are in ${JSON.stringify(file)}, under the passphrase`);
  printLine(
    "use them on one machine alone: a server that meets a token which was renewed elsewhere may end both sign-ins",
  );
  return 0;
}

async function importFrom({ options, file }: Wish): Promise<number> {
  let bytes: Uint8Array;
  try {
    bytes = await Bun.file(file).bytes();
  } catch (cause) {
    throw unusable("unreadable_file", "read", file, cause);
  }
  const passphrase = await readPassphrase(process.env, "passphrase of the file", false);
  const count = await whileWaiting(
    "opening the file",
    () => importVault({ ...options, passphrase }, bytes, passphrase),
  );
  printLine(`${counted(count)} came from ${JSON.stringify(file)}: nobody needs that file any more`);
  return 0;
}

/** Says why nothing was done, and gives the exit code. */
function fail(why: string): number {
  printLine(why);
  return 1;
}

function unusable(errorCode: ErrorCode, work: string, file: string, cause: unknown): unknown {
  if (cause instanceof BridgeError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  return new BridgeError(errorCode, `cannot ${work} ${JSON.stringify(file)} (${code})`, {
    hint: "name another file",
    cause,
  });
}

function counted(rows: number): string {
  return rows === 1 ? "1 row" : `${rows} rows`;
}
