/** A person's machine on a busy day: bridges with calls in flight, sign-ins, renewals, a `serve`, edits of `servers.json`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openVault, TABLES } from "../../src/vault/vault.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { Executable, type Message } from "./executable.ts";
import { FakeKeychain } from "./fake_keychain.ts";
import { FakeMcp } from "./fake_mcp.ts";
import { SignInScene } from "./sign_in_scene.ts";

/** Calls that a client has on their way at any time. */
const IN_FLIGHT = 4;
/** How often the tokens that are out are made worthless, in ms. */
const EXPIRY_MS = 40;
/** How long a clean start may take until it has answered, and until it has left, in ms. */
const PATIENCE_MS = 15_000;

/** What may lie in our folder once everybody has left: the vault and its key, locks, the list of servers, what was learnt. */
const OURS = /^(?:vault\.db|vault-[a-z]+\.key|[\w.-]+\.lock|servers\.json|memory|memory\/[0-9a-f]{64}\.json)$/;

/** What a day came to. */
export interface Day {
  readonly calls: number;
  readonly answers: number;
  /** What the authorization server was asked to redeem. */
  readonly redemptions: number;
  readonly edits: number;
}

/** The machine. Disposing it looks for tokens that got out, and ends everything. */
export class BusyMachine implements Disposable {
  readonly scene: SignInScene = new SignInScene();
  /** A server that asks for no token. */
  readonly open: FakeMcp = new FakeMcp();
  readonly folder: string = this.scene.home.env["MCP_BRIDGE_HOME"]!;
  #edits = 0;

  /** Runs everything at once, each process for a random time of `longestMs` at most, and then kills it. */
  async day(longestMs: number): Promise<Day> {
    const { as } = this.scene;
    const before = as.asked("token").length;
    const edits = this.#edits;
    const expiry = setInterval(() => as.tokens.expireAccess(), EXPIRY_MS);
    const clients = this.#clients();
    const tallies = clients.map(callWithoutEnd);
    const lives = [...clients, this.#start("serve", "--port", "0")].map((each) => killSoon(each, longestMs));
    let isOver = false;
    const editing = (async (): Promise<void> => {
      while (!isOver) await this.#editAndKill();
    })();
    await Promise.all(lives);
    isOver = true;
    await editing;
    clearInterval(expiry);
    const counts = await Promise.all(tallies.map((tally) => tally.end()));
    return {
      calls: sum(counts.map(({ asked }) => asked)),
      answers: sum(counts.map(({ answered }) => answered)),
      redemptions: as.asked("token").length - before,
      edits: this.#edits - edits,
    };
  }

  /** Has the person asked to consent again: what was granted is worth nothing any more. */
  revokeAll(): void {
    for (const family of this.scene.as.tokens.families) family.revoked = true;
  }

  /** Starts everything in peace and lets it leave. Throws where something is not answered, or does not end well. */
  async cleanStart(): Promise<void> {
    const started = [this.#start("serve", "--port", "0"), ...this.#clients()];
    await using _all = disposed(started);
    const [serve, ...clients] = started as [Executable, ...Executable[]];
    const name = `next-${++this.#edits}`;
    for (const each of [serve, ...clients]) this.#goWhereTold(each);
    await Promise.all([
      this.#edit("add", name, this.open.url),
      serve.stderr.find((line) => line.includes("serving"), 0, PATIENCE_MS),
      ...clients.map((client) => this.#visit(client)),
    ]);
    await this.#edit("remove", name);
    for (const client of clients) client.endInput();
    await Promise.all(clients.map((client) => client.exit(PATIENCE_MS)));
    serve.kill("SIGTERM");
    const codes = await Promise.all(started.map((each) => each.exit(PATIENCE_MS)));
    const complaints = started.flatMap(({ stderr }) => stderr.items).filter((line) => /error:|damaged|warn/.test(line));
    if (`${codes}` !== "143,0,0,0,0,0" || complaints.length > 0) throw new Error(`${codes}\n${complaints.join("\n")}`);
  }

  /** The person, whose page may have come back to nobody, goes where they are told: by a client, or by its `serve`. */
  #goWhereTold({ stderr }: Executable): void {
    void stderr.find((line) => line.includes("already open"), 0, PATIENCE_MS).then((line) => {
      return this.scene.browser.visit(/http\S+$/.exec(line)![0]);
    }).catch(() => {});
  }

  /** A client asks, and is answered. */
  async #visit(client: Executable): Promise<void> {
    const answers = [await client.initialize(), await client.request({ id: 1, method: "tools/call", params: {} })];
    for (const { result, error } of answers) if (result === undefined) throw new Error(JSON.stringify(error));
  }

  #clients(): Executable[] {
    const { server } = this.scene;
    return [
      this.#start("guarded"),
      this.#start(server.url),
      this.#start(server.url, "--account", "other"),
      this.#start(this.open.url),
      this.#start(this.open.url, "--header", "Authorization: Bearer by-hand"),
    ];
  }

  /** What stands in our folder and has no place there. */
  litter(): string[] {
    const names = readdirSync(this.folder, { recursive: true }) as string[];
    return names.filter((name) => !OURS.test(name)).sort();
  }

  /** What cannot be read of the vault, in the words in which a person is told. */
  async faultsOfVault(): Promise<string[]> {
    const faults: string[] = [];
    const vault = openVault({
      folder: this.folder,
      keychain: new FakeKeychain(),
      keyKind: "file",
      clock: systemClock,
      notify: ({ level, text }) => void (level === "info" || faults.push(text)),
    });
    for (const table of TABLES) {
      await vault.entries(table).catch((thrown: unknown) => faults.push(String(thrown)));
    }
    return faults;
  }

  /** The names of the servers in `servers.json`. */
  servers(): string[] {
    return Object.keys(JSON.parse(readFileSync(join(this.folder, "servers.json"), "utf8")).mcpServers);
  }

  /** Puts the one server into `servers.json` that stays there. */
  async begin(): Promise<void> {
    await this.#edit("add", "guarded", this.scene.server.url);
  }

  [Symbol.dispose](): void {
    // What was spent for a process that is no more may be sent again by the next one, which cannot know of it.
    this.scene.as.tokens.takeAlarms();
    this.open[Symbol.dispose]();
    this.scene[Symbol.dispose]();
  }

  #start(...words: string[]): Executable {
    const { home, browser } = this.scene;
    return new Executable({ env: { ...home.env, ...browser.env, MCP_BRIDGE_VAULT_KEY: "file" } }, ...words);
  }

  async #edit(...words: string[]): Promise<void> {
    await using command = this.#start(...words);
    command.endInput();
    const code = await command.exit(PATIENCE_MS);
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${command.stderr}`);
  }

  /** One edit that is killed or not: afterwards the list is what it was, or has this one server more. */
  async #editAndKill(): Promise<void> {
    const before = this.servers();
    const name = `edit-${++this.#edits}`;
    await using command = this.#start("add", name, this.open.url);
    await killSoon(command, 120);
    const after = this.servers();
    if (`${after.filter((each) => each !== name)}` !== `${before}`) throw new Error(`${before} became ${after}`);
    if (after.includes(name)) await this.#edit("remove", name);
  }
}

/** Kills a process at a random moment. */
async function killSoon(bridge: Executable, longestMs: number): Promise<void> {
  await Bun.sleep(Math.random() * longestMs);
  bridge.kill("SIGKILL");
  await bridge.exit(PATIENCE_MS);
}

/** Keeps calls on their way as long as somebody answers. `end` throws where a request has two answers. */
function callWithoutEnd(bridge: Executable): { end(): Promise<{ asked: number; answered: number }> } {
  let asked = 0;
  const answered = new Set<number>();
  function call(): void {
    try {
      bridge.send({ jsonrpc: "2.0", id: ++asked, method: "tools/call", params: { name: "x" } });
    } catch {
      // It has been killed since.
    }
  }
  function take(line: string): void {
    const { id, method }: Message = JSON.parse(line);
    if (method !== undefined) return;
    if (answered.has(id)) throw new Error(`${id} has a second answer`);
    answered.add(id);
    if (id !== 0) return call();
    for (let each = 0; each < IN_FLIGHT; each++) call();
  }
  const clientInfo = { name: "busy", version: "1.0.0" };
  bridge.send({
    jsonrpc: "2.0",
    id: 0,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo },
  });
  bridge.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  const listening = (async (): Promise<void> => {
    const { output } = bridge;
    for (let place = 0;; place++) {
      const line = await output.find(() => true, place, PATIENCE_MS).catch(() => undefined);
      if (line === undefined) return;
      if (isWhole(line)) take(line);
      else await output.ended.then(() => ensureLast(line, place, output.items.length));
    }
  })();
  return {
    async end(): Promise<{ asked: number; answered: number }> {
      await listening;
      await bridge[Symbol.asyncDispose]();
      return { asked, answered: answered.size };
    },
  };
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** What a process was writing when it was killed ends anywhere; before that, every line is whole. */
function ensureLast(line: string, place: number, count: number): void {
  if (place !== count - 1) throw new Error(`a line that is no message: ${line}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function disposed(processes: readonly Executable[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all(processes.map((each) => each[Symbol.asyncDispose]()));
    },
  };
}
