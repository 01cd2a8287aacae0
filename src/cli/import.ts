import { openBudget } from "../app/budget.ts";
import { openNetwork } from "../app/network.ts";
import { openState } from "../app/state.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { type Keychain, systemKeychain } from "../platform/keychain.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import { askLine } from "../platform/terminal.ts";
import { registryFile } from "../registry/file.ts";
import { CLIENT_IDS } from "./install.ts";
import type { Command, Flags, FlagValues } from "./command.ts";
import { type Applied, applyPlan } from "./import_apply.ts";
import { isFile, makePlan } from "./import_meant.ts";
import type { PlannedServer } from "./import_plan.ts";
import { resultJson, sayResult } from "./import_result.ts";
import { rewriteEntries } from "./import_rewrite.ts";
import { planJson, planLines, shownStore, type WholePlan } from "./import_text.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter, printAnswer, printLine } from "./print.ts";
import { safeJson } from "./safe_text.ts";
import { readState, STATE_FLAGS } from "./state_flags.ts";
import { whileWaiting } from "./waiting.ts";

const FLAGS = {
  "all": { type: "boolean", text: "take every server of the clients, not only those that run mcp-remote" },
  "offline": { type: "boolean", text: "ask no server who gave the tokens: the first use does" },
  "rewrite": { type: "boolean", text: "let the entries of the clients run mcp-bridge from then on" },
  "delete-old": { type: "boolean", text: "remove mcp-remote's files of the sign-ins that were taken" },
  "yes": { type: "boolean", text: "ask nothing" },
  "dry-run": { type: "boolean", text: "show what would be done, and do nothing" },
  "json": { type: "boolean", text: "as JSON" },
  "vault-key": STATE_FLAGS["vault-key"],
  ...NETWORK_FLAGS,
} as const satisfies Flags;

type Values = FlagValues<typeof FLAGS>;

/** A server that begins no answer within so much is taken over by the first use, in ms. */
const PATIENCE_MS = 15_000;

/** `mcp-bridge import`: takes over what mcp-remote, and the configurations of clients, know. */
export const importCommand: Command<typeof FLAGS> = {
  name: "import",
  summary: "Takes over entries of clients that run mcp-remote, and its sign-ins: nobody signs in again.",
  operands: [{
    name: "client",
    text: "all servers of this one, such as cursor, or of a file such as .mcp.json; an address for its sign-in alone",
    optional: true,
    choices: CLIENT_IDS,
    takesFiles: true,
  }],
  flags: FLAGS,
  examples: [
    "mcp-bridge import --dry-run",
    "mcp-bridge import",
    "mcp-bridge import cursor --yes",
    "mcp-bridge import .vscode/mcp.json",
    "mcp-bridge import https://mcp.example.com/mcp",
  ],
  async run({ operands: [word], flags }): Promise<number> {
    if (flags.rewrite && word !== undefined && isFile(word)) throw notRewritten(word);
    const plan = await makePlan(word, flags.all);
    const keychain = await keychainFor(plan);
    if (!flags.json) await printAnswer(planText(plan, keychain !== undefined));
    if (!flags["dry-run"]) return await carryOut(plan, word, keychain, flags);
    if (!flags.json && workIn(plan) === undefined) printLine(nothingToDo(plan, word));
    if (flags.json) await printAnswer(jsonText(planJson(plan)));
    if (flags.json || !flags.rewrite) return 0;
    const consent = { yes: false, dryRun: true };
    return await rewriteEntries(plan.servers, keychain !== undefined, consent, process.env) ? 0 : 1;
  },
};

function planText(plan: WholePlan, keepsSecrets: boolean): string {
  return planLines(plan, keepsSecrets, Date.now()).map((line) => `${line}\n`).join("");
}

async function carryOut(
  plan: WholePlan,
  word: string | undefined,
  keychain: Keychain | undefined,
  flags: Values,
): Promise<number> {
  const say = flags.json ? () => {} : printLine;
  const work = workIn(plan);
  let results: Applied[] = [];
  if (work === undefined) {
    say(nothingToDo(plan, word));
  } else if (flags.yes || await isWanted(`take over ${work}?`, unseen(plan, keychain, flags))) {
    results = await apply(plan, keychain, flags);
  } else {
    printLine("nothing was changed");
    return 1;
  }
  const failed = new Set(results.filter(({ failure }) => failure !== undefined).map(({ server }) => server));
  const servers = plan.servers.filter((server) => !failed.has(server)).map(withOwnFiles)
    .filter(({ sources }) => sources.length > 0);
  if (!flags.json && word !== undefined && isFile(word)) sayLeft(word, plan.servers);
  const isRewritten = await offerRewriting(servers, keychain !== undefined, flags, results);
  if (flags.json) {
    await printAnswer(
      jsonText({ ...planJson(plan), results: results.map(resultJson), rewritten: flags.rewrite && isRewritten }),
    );
  }
  return failed.size > 0 || !isRewritten ? 1 : 0;
}

/** The plan, where its text did not go to the terminal that the question comes to. */
function unseen(plan: WholePlan, keychain: Keychain | undefined, { json }: Values): string {
  return json || !process.stdout.isTTY ? planText(plan, keychain !== undefined) : "";
}

/** A server with the entries of it that are the user's alone. */
function withOwnFiles(server: PlannedServer): PlannedServer {
  return { ...server, sources: server.sources.filter(({ isNamed }) => isNamed === undefined) };
}

function sayLeft(file: string, servers: WholePlan["servers"]): void {
  if (servers.length === 0) return;
  const name = servers.length === 1 ? servers[0]!.slug : "NAME";
  printLine(
    `${
      quoted(file)
    } is as it was, since others may use it too: "mcp-bridge install CLIENT ${name}" serves a client of yours`,
  );
}

function notRewritten(file: string): BridgeError {
  return new BridgeError("bad_argument", `${quoted(file)} is not rewritten, since others may use it too`, {
    hint:
      'leave "--rewrite" out: its servers come into servers.json, and "mcp-bridge install CLIENT NAME" writes an entry',
  });
}

/** Scripts say by a flag that clients' files are to be changed; a person is asked, and sees how. */
async function offerRewriting(
  servers: WholePlan["servers"],
  keepsSecrets: boolean,
  { yes, json, rewrite }: Values,
  results: readonly Applied[],
): Promise<boolean> {
  if (servers.length === 0) return true;
  if (rewrite || !(yes || json)) {
    return await rewriteEntries(servers, keepsSecrets, { yes: yes && rewrite, dryRun: false }, process.env);
  }
  const names = [...new Set(servers.flatMap(({ sources }) => sources.map(({ client }) => client.name)))];
  if (json) return true;
  printLine(`the files of ${listed(names)} are as they were: "--rewrite" lets them run mcp-bridge`);
  const isShared = results.some(({ signIn }) => signIn?.kind === "taken" || signIn?.kind === "later");
  if (isShared) printLine("as long as mcp-remote runs too, both renew one sign-in, and a server may end it for both");
  return true;
}

async function apply(plan: WholePlan, keychain: Keychain | undefined, flags: Values): Promise<Applied[]> {
  const { platform, env } = process;
  const clock = systemClock;
  const abort = new AbortController();
  watchForEnd(({ exitCode }) => abort.abort(new BridgeError("closing", `ended by a signal (${exitCode})`)));
  const network = await readNetwork(flags);
  const patient = { ...network, headersTimeout: network.headersTimeout || PATIENCE_MS };
  const parts = {
    file: registryFile({ platform, env }),
    vault: openState(readState(flags, env), clock, noticePrinter("info")),
    keychain,
    wire: flags.offline ? undefined : openNetwork(patient, clock, openBudget()),
    clock,
    signal: abort.signal,
    deletesOld: flags["delete-old"],
  };
  return await whileWaiting("asking the servers who signs people in", () =>
    applyPlan(plan, parts, (applied) => {
      if (!flags.json) sayResult(applied, keychain !== undefined);
    }));
}

/** The keychain where there are secrets to be kept and there is one. */
async function keychainFor({ servers }: WholePlan): Promise<Keychain | undefined> {
  const keychain = systemKeychain();
  const hasSecrets = servers.some(({ isThere, secrets }) => !isThere && secrets.length > 0);
  if (!hasSecrets) return keychain;
  const found = await whileWaiting("waiting for the keychain", () => keychain.get("secret:import"));
  return found.kind === "absent" ? undefined : keychain;
}

/** What there is to do, in words; nothing where all is done. */
function workIn({ servers, signIns }: WholePlan): string | undefined {
  const added = servers.filter(({ isThere }) => !isThere).length;
  const parts = [counted(added, "server"), counted(signIns.size, "sign-in")].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(" and ");
}

function counted(count: number, what: string): string | undefined {
  return count === 0 ? undefined : `${count} ${what}${count === 1 ? "" : "s"}`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function nothingToDo({ servers, leftOut }: WholePlan, word: string | undefined): string {
  if (servers.length > 0) return "all of it is there already";
  if (leftOut.length > 0) return "there is nothing else to take over";
  const store = shownStore({ platform: process.platform, env: process.env });
  return word === undefined
    ? `there is nothing to take over: no client runs mcp-remote, and ${store} holds no sign-in of a server that is known`
    : `there is nothing to take over of ${quoted(word)}; sign-ins of mcp-remote were looked for in ${store}`;
}

async function isWanted(question: string, before: string): Promise<boolean> {
  const answer = await askLine(`${before}mcp-bridge: ${question} [y/N] `);
  if (answer !== undefined) return /^\s*y(?:es)?\s*$/i.test(answer);
  throw new BridgeError("bad_argument", "there is no terminal to ask at", {
    hint: '"--yes" asks nothing, and "--dry-run" shows what would be done',
  });
}

function jsonText(value: unknown): string {
  return `${safeJson(JSON.stringify(value, null, 2))}\n`;
}
