/** Plays transcripts: a home, servers, a shell that finds the executable as `mcp-bridge`, and a terminal to type at. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { VERSION } from "../../src/platform/version.ts";
import { DualEraServer } from "../conformance/dual_era_server.ts";
import { FakeMcp } from "./fake_mcp.ts";
import { Home } from "./home.ts";
import type { Item, Piece, ServerLine, Step, Transcript } from "./transcript.ts";

/** How long a command may take, in ms. */
const PATIENCE_MS = 30_000;
/** How long a terminal is silent before something is typed that stands behind nothing, in ms. */
const SILENCE_MS = 1_000;

/** Plays a transcript from its beginning and gives what came of it. */
export async function play({ items, files }: Transcript): Promise<Item[]> {
  using session = new Session(files);
  const played: Item[] = [];
  for (const item of items) {
    if (item.kind === "server") session.serve(item);
    played.push(item.kind === "command" ? await session.run(item) : item);
  }
  return played;
}

class Session implements Disposable {
  readonly #home = new Home();
  readonly #stack = new DisposableStack();
  /** What stands for what differs from run to run, longest first. */
  readonly #masks: [text: string, mask: string][];
  readonly #env: Record<string, string>;

  constructor(files: ReadonlyMap<string, string>) {
    const { folder } = this.#home;
    const programs = join(folder, ".programs");
    mkdirSync(programs);
    symlinkSync(EXECUTABLE, join(programs, "mcp-bridge"));
    this.#env = { ...this.#home.env, PATH: `${programs}:${process.env.PATH}`, TERM: "xterm-256color", LANG: "C.UTF-8" };
    this.#masks = [[EXECUTABLE, "/bin/mcp-bridge"], [folder, "$HOME"]];
    for (const [path, text] of files) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, text, { mode: 0o600 });
    }
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
    this.#home[Symbol.dispose]();
  }

  serve({ name, what }: ServerLine): void {
    const url = what === "echo" ? this.#stack.use(new FakeMcp()).url : what === "dual" ? this.#dual() : undefined;
    if (url === undefined) throw new Error(`There is no server ${what}: echo, dual`);
    this.#env[name] = url;
    this.#masks.push([url, `$${name}`], [new URL(url).host, `$${name}_HOST`]);
  }

  #dual(): string {
    const server = new DualEraServer();
    this.#stack.defer(() => void server[Symbol.asyncDispose]());
    return server.url;
  }

  async run(step: Step): Promise<Step> {
    return { ...step, ...(step.isAtTerminal ? await this.#atTerminal(step) : await this.#withoutTerminal(step)) };
  }

  async #withoutTerminal({ words }: Step): Promise<Pick<Step, "pieces" | "exitCode">> {
    const shell = Bun.spawn(["sh", "-c", words], {
      cwd: this.#home.folder,
      env: this.#env,
      // A session of its own has no terminal, wherever the tests run.
      detached: true,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr] = await Promise.all([shell.stdout.text(), shell.stderr.text()]);
    return { pieces: [...this.#shown(">", stdout), ...this.#shown("!", stderr)], exitCode: await shell.exited };
  }

  async #atTerminal({ words, pieces }: Step): Promise<Pick<Step, "pieces" | "exitCode">> {
    const seen: Piece[] = [];
    let shown = "";
    let news = Promise.withResolvers<void>();
    const shell = Bun.spawn(["sh", "-c", words], {
      cwd: this.#home.folder,
      env: this.#env,
      timeout: PATIENCE_MS,
      killSignal: "SIGKILL",
      terminal: {
        cols: 100,
        rows: 40,
        data(_terminal, bytes): void {
          shown += new TextDecoder().decode(bytes);
          news.resolve();
          news = Promise.withResolvers();
        },
      },
    });
    for (const [place, { mark, lines: [typed] }] of pieces.entries()) {
      if (mark !== "<") continue;
      const before = pieces[place - 1];
      const awaited = before?.mark === ">" ? before.lines.at(-1)!.trimEnd() : undefined;
      while (awaited === undefined ? shown === "" : !this.#masked(shown).includes(awaited)) {
        const isOver = await Promise.race([news.promise, shell.exited, Bun.sleep(SILENCE_MS).then(() => "silent")]);
        if (isOver !== undefined && (awaited === undefined || shell.exitCode !== null || process.env.TRANSCRIPTS)) {
          break;
        }
      }
      seen.push(...this.#shown(">", shown), { mark, lines: [typed!] });
      shown = "";
      shell.terminal!.write(`${typed}\r`);
    }
    const exitCode = await shell.exited;
    shell.terminal!.close();
    return { pieces: [...seen, ...this.#shown(">", shown)], exitCode };
  }

  #shown(mark: Piece["mark"], text: string): Piece[] {
    if (text === "") return [];
    const lines = this.#masked(text).replace(/\n$/, "").split("\n");
    return [{ mark, lines: lines.map((line) => line.trimEnd()) }];
  }

  #masked(text: string): string {
    const plain = this.#masks.reduce((masked, [own, mask]) => masked.replaceAll(own, mask), text.replaceAll("\r", ""));
    return plain
      .replaceAll("\u001b", "␛")
      // What is told from the first second on, where a machine is slow.
      .replace(/[-\\|/] [^\n␛]* \(\d+ s\)␛\[K/g, "")
      .replaceAll(VERSION, "VERSION")
      .replace(/\bmcp-bridge \d+\.\d+\.\d+ on Bun \d+\.\d+\.\d+, \w+ \w+/g, "mcp-bridge VERSION on SYSTEM")
      .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?/g, "TIME")
      .replace(/ *\b\d+(?:\.\d+)? ms\b/g, " N ms")
      .replace(/\b\d+ [KMG]iB are free\b/g, "N GiB are free");
  }
}
