import { openBudget } from "../app/budget.ts";
import { openNetwork } from "../app/network.ts";
import { openState } from "../app/state.ts";
import { readServerUrl } from "../net/server_url.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError, quoted } from "../platform/errors.ts";
import { type Keychain, systemKeychain } from "../platform/keychain.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import { askLine } from "../platform/terminal.ts";
import { clientOf } from "../registry/clients/table.ts";
import type { Registry } from "../registry/entry.ts";
import { registryFile } from "../registry/file.ts";
import { storeFolder } from "../registry/mcp_remote/store_place.ts";
import { readRegistry } from "../registry/registry.ts";
import { isAddress } from "./arguments.ts";
import { thisUser } from "./client_changes.ts";
import { CLIENT_IDS } from "./install.ts";
import type { Command, Flags, FlagValues } from "./command.ts";
import { type Applied, applyPlan } from "./import_apply.ts";
import { type ImportPlan, plannedAddress, type PlannedServer, planServers } from "./import_plan.ts";
import { resultJson, sayResult } from "./import_result.ts";
import { rewriteEntries } from "./import_rewrite.ts";
import { planSignIns } from "./import_sign_ins.ts";
import { readSources } from "./import_sources.ts";
import { planJson, planLines, shownStore, type WholePlan } from "./import_text.ts";
import { NETWORK_FLAGS, readNetwork } from "./network_flags.ts";
import { noticePrinter, printAnswer, printLine } from "./print.ts";
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
    text: "all servers of this one, such as cursor; or an address, for its sign-in alone",
    optional: true,
    choices: CLIENT_IDS,
  }],
  flags: FLAGS,
  examples: [
    "mcp-bridge import --dry-run",
    "mcp-bridge import",
    "mcp-bridge import cursor --yes",
    "mcp-bridge import https://mcp.example.com/mcp",
  ],
  async run({ operands: [word], flags }): Promise<number> {
    const plan = await makePlan(word, flags);
    const keychain = await keychainFor(plan);
    if (!flags.json) await showPlan(plan, keychain !== undefined);
    if (!flags["dry-run"]) return await carryOut(plan, word, keychain, flags);
    if (flags.json) await printAnswer(jsonText(planJson(plan)));
    else if (flags.rewrite) {
      await rewriteEntries(plan.servers, keychain !== undefined, { yes: false, dryRun: true }, process.env);
    }
    return 0;
  },
};

async function showPlan(plan: WholePlan, keepsSecrets: boolean): Promise<void> {
  const lines = planLines(plan, keepsSecrets, Date.now());
  if (lines.length > 0) await printAnswer(`${lines.join("\n")}\n`);
}

async function makePlan(word: string | undefined, { all }: Values): Promise<WholePlan> {
  const { platform, env } = process;
  const registry = await readRegistry(registryFile({ platform, env }));
  const address = word === undefined ? undefined : addressIn(word, registry);
  const client = word === undefined || address !== undefined ? undefined : await clientOf(word);
  const sources = await readSources(await thisUser(env), client);
  const wanted = { all: all || client !== undefined, platform };
  const { servers, leftOut }: ImportPlan = await planServers(sources, registry, wanted);
  const store = storeFolder({ platform, env });
  if (address !== undefined) {
    const found = await planSignIns([address, ...sameAddress(address, servers)], store, Date.now(), false);
    const [first] = found.signIns;
    return { servers: first === undefined ? [] : [first[0]], signIns: found.signIns, leftOut: found.leftOut };
  }
  const others = client === undefined ? addressesOf(registry, servers) : [];
  const found = await planSignIns([...servers, ...others], store, Date.now(), word === undefined);
  return {
    servers: [...servers, ...others.filter((server) => found.signIns.has(server))],
    signIns: found.signIns,
    leftOut: [...leftOut, ...found.leftOut],
  };
}

/**
 * The server that a word means, by its address or its name in servers.json; nothing where it may be a client.
 *
 * @throws {BridgeError} `bad_url`
 */
function addressIn(word: string, { servers }: Registry): PlannedServer | undefined {
  const entry = servers.get(word);
  if (entry?.server instanceof URL) return plannedAddress(String(entry.server), entry.server, entry);
  if (!isAddress(word) && !/[./:]/.test(word)) return undefined;
  const server = readServerUrl(word, true);
  return plannedAddress(word, server, [...servers.values()].find((other) => String(other.server) === server.href));
}

/** The same server as clients' entries tell mcp-remote of it. */
function sameAddress(address: PlannedServer, servers: ImportPlan["servers"]): PlannedServer[] {
  return servers.flatMap(({ signIn }) => {
    if (signIn === undefined || signIn.server.href !== address.signIn!.server.href) return [];
    return [{ ...address, signIn: { ...signIn, account: address.signIn!.account } }];
  });
}

/** Servers that nobody's configuration names, and that mcp-remote may know all the same. */
function addressesOf({ servers }: Registry, planned: ImportPlan["servers"]): ImportPlan["servers"] {
  const named = new Set(planned.map(({ slug }) => slug));
  return [...servers.values()]
    .filter((entry) => entry.server instanceof URL && !named.has(entry.slug))
    .map((entry) => plannedAddress(String(entry.server), entry.server as URL, entry));
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
    say(plan.servers.length > 0 ? "all of it is there already" : nothingIn(plan, word));
  } else if (flags.yes || await isWanted(`take over ${work}?`)) {
    results = await apply(plan, keychain, flags);
  } else {
    say("nothing was changed");
    return 0;
  }
  const failed = new Set(results.filter(({ failure }) => failure !== undefined).map(({ server }) => server));
  const servers = plan.servers.filter((server) => server.sources.length > 0 && !failed.has(server));
  const isRewritten = await offerRewriting(servers, keychain !== undefined, flags, results);
  if (flags.json) {
    await printAnswer(
      jsonText({ ...planJson(plan), results: results.map(resultJson), rewritten: flags.rewrite && isRewritten }),
    );
  }
  return failed.size > 0 || !isRewritten ? 1 : 0;
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

function nothingIn({ leftOut }: WholePlan, word: string | undefined): string {
  if (leftOut.length > 0) return "there is nothing else to take over";
  const store = shownStore({ platform: process.platform, env: process.env });
  return word === undefined
    ? `there is nothing to take over: no client runs mcp-remote, and ${store} holds no sign-in of a server that is known`
    : `there is nothing to take over of ${quoted(word)}; sign-ins of mcp-remote were looked for in ${store}`;
}

async function isWanted(question: string): Promise<boolean> {
  const answer = await askLine(`mcp-bridge: ${question} [y/N] `);
  if (answer !== undefined) return /^\s*y(?:es)?\s*$/i.test(answer);
  throw new BridgeError("bad_argument", "there is no terminal to ask at", {
    hint: '"--yes" asks nothing, and "--dry-run" shows what would be done',
  });
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
