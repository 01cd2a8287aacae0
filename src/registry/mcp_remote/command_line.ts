import { quoted } from "../../platform/errors.ts";
import { type Shell, shellWords } from "./shell_words.ts";
import { unwrapped } from "./wrapper.ts";

/** A program as a client's configuration starts it. */
export interface StartedProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** What its environment holds beside the client's. */
  readonly env: Readonly<Record<string, string>>;
}

/** What a program turned out to be. */
export type CommandLine =
  /** mcp-remote, and the words that it is given. */
  | { readonly kind: "mcp_remote"; readonly words: readonly string[]; readonly env: Readonly<Record<string, string>> }
  /** It has to do with mcp-remote, and how cannot be read; `reason` goes on from "it". */
  | { readonly kind: "unclear"; readonly reason: string }
  | { readonly kind: "other" };

const OTHER: CommandLine = { kind: "other" };

/** Reads what a program starts, in its environment or in another one. */
type Inner = (words: readonly string[], env?: Readonly<Record<string, string>>) => CommandLine;

/** By which names a package runner gets it: of the registry, or of the repositories that it has had. */
const PACKAGE =
  /^(?:npm:)?mcp-remote(?:@[^\s/]+)?$|^(?:(?:github:|git\+|https:\/\/github\.com\/))*(?:geelen|punkpeye)\/mcp-remote(?:\.git)?(?:#.+)?$/;
/** The file that an installed one begins with. */
const MAIN_FILE = /(?:^|[\\/])mcp-remote[\\/]dist[\\/]proxy\.js$/;

const SHELLS: Readonly<Record<string, Shell>> = {
  ...{ sh: "posix", bash: "posix", zsh: "posix", dash: "posix" },
  ...{ cmd: "cmd", powershell: "powershell", pwsh: "powershell" },
};
/** Runners of packages by the words that they begin with. `isEager` is for one that reads flags behind the package, too. */
const RUNNERS: Readonly<Record<string, { readonly verbs: readonly string[]; readonly isEager?: true }>> = {
  npx: { verbs: [] },
  pnpx: { verbs: [] },
  bunx: { verbs: [] },
  npm: { verbs: ["exec", "x"], isEager: true },
  pnpm: { verbs: ["dlx", "exec"] },
  yarn: { verbs: ["dlx", "exec", "run"] },
  bun: { verbs: ["x"] },
};
/** Flags of runners that take no value. */
const PLAIN_FLAGS = new Set([
  ...["-y", "--yes", "-q", "--quiet", "-s", "--silent", "--bun", "--offline", "--prefer-offline", "--prefer-online"],
  ...["--no-install", "--ignore-existing", "--force", "-f", "--verbose", "--no"],
]);
const PACKAGE_FLAG = /^(?:-[yqs]*p|--package)(?:=(.*))?$/;
/** What npm has its own programs start with, under a runtime. */
const RUNNER_FILE = /[\\/](np[mx])-cli\.js$/;
/** Flags of JavaScript runtimes that take the next word with them. */
const FLAGS_WITH_WORD = new Set(["-r", "--require", "--import", "--loader", "--env-file", "-e", "--eval", "-p", "-C"]);
/** A line that a runner of packages gives to a shell. */
const CALL_FLAG = /^(?:-c|--call)(?:=(.*))?$/s;
/** How many programs may start one another. */
const MOST_LAYERS = 5;

/**
 * Finds out whether a program is mcp-remote, and what that is told, however it is started: by a runner of packages, by a
 * runtime, under a shell or by itself. Runs nothing, and guesses nothing.
 */
export function readCommandLine(program: StartedProgram): CommandLine {
  const read = readLayer([program.command, ...program.args], program.env, MOST_LAYERS);
  if (read.kind !== "other") return read;
  const isNear = [program.command, ...program.args].some((word) => /(?:^|[\s\\/"'])mcp-remote(?![\w-])/.test(word));
  return isNear ? unclear("names mcp-remote, and starts another program") : OTHER;
}

function readLayer(line: readonly string[], env: Readonly<Record<string, string>>, layers: number): CommandLine {
  const [command = "", ...args] = line;
  const name = programName(command);
  const inner = (words: readonly string[], own = env): CommandLine =>
    layers === 0 ? OTHER : readLayer(words, own, layers - 1);
  if (name === "mcp-remote") return { kind: "mcp_remote", words: args, env };
  const wrapped = unwrapped(name, args, env);
  if (wrapped?.kind === "shell_line") return ofLine(args) ?? OTHER;
  if (wrapped !== undefined) return inner(wrapped.line, wrapped.env);
  if (Object.hasOwn(SHELLS, name)) return readShell(SHELLS[name]!, args, inner);
  if (["node", "nodejs", "bun", "deno"].includes(name)) {
    const read = readRuntime(name, args, env, inner);
    if (read.kind !== "other" || name !== "bun") return read;
  }
  return Object.hasOwn(RUNNERS, name) ? readRunner(RUNNERS[name]!, args, env, inner) : OTHER;
}

/** `npx` for `C:\Program Files\nodejs\npx.cmd`. */
function programName(command: string): string {
  return command.split(/[\\/]/).at(-1)!.toLowerCase().replace(/\.(?:cmd|exe|bat|ps1)$/, "");
}

/** A shell that is told one line, or one of Windows that is told words. */
function readShell(
  shell: Shell,
  args: readonly string[],
  inner: Inner,
): CommandLine {
  if (shell === "powershell") return readPowerShell(args, inner);
  const isSwitch = (word: string): boolean => shell === "cmd" ? /^\/[a-z]/i.test(word) : /^-[a-z]+$/.test(word);
  const place = args.findIndex((word) => shell === "cmd" ? /^\/[ck]$/i.test(word) : /^-[a-z]*c$/.test(word));
  if (place < 0 || !args.slice(0, place).every(isSwitch)) return OTHER;
  const [line = "", ...more] = args.slice(place + 1);
  if (shell === "cmd" && more.length > 0) return inner([line, ...more]);
  return readLine(more.length === 0 ? shellWords(line, shell) : undefined, [line], inner);
}

/** `powershell -NoProfile -Command npx ...`: all that follows is one line. */
function readPowerShell(args: readonly string[], inner: Inner): CommandLine {
  const place = args.findIndex((word) => /^[-/]c(?:ommand)?$/i.test(word));
  if (place < 0) return OTHER;
  const line = args.slice(place + 1);
  return readLine(shellWords(line.join(" "), "powershell"), line, inner);
}

/** A line as far as its words could be told apart; `said` is what it was read from. */
function readLine(words: readonly string[] | undefined, said: readonly string[], inner: Inner): CommandLine {
  if (words === undefined) return ofLine(said) ?? OTHER;
  return inner(words[0] === "exec" ? words.slice(1) : words);
}

/** What is said of a line that names mcp-remote, and that cannot be read. */
function ofLine(said: readonly string[]): CommandLine | undefined {
  return mentions(said) ? unclear("stands in a line that only a shell can read") : undefined;
}

/** `node .../mcp-remote/dist/proxy.js`, `deno run npm:mcp-remote`. */
function readRuntime(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  inner: Inner,
): CommandLine {
  let place = args[0] === "run" ? 1 : 0;
  while (args[place]?.startsWith("-")) place += FLAGS_WITH_WORD.has(args[place]!) ? 2 : 1;
  const file = args[place] ?? "";
  const runner = RUNNER_FILE.exec(file)?.[1];
  if (runner !== undefined) return readRunner(RUNNERS[runner]!, args.slice(place + 1), env, inner);
  const isIt = MAIN_FILE.test(file) || (name === "deno" && /^npm:/.test(file) && PACKAGE.test(file));
  return isIt ? { kind: "mcp_remote", words: args.slice(place + 1), env } : OTHER;
}

/** `npx -y mcp-remote@latest`, `npx -p mcp-remote mcp-remote`, `pnpm dlx mcp-remote`. */
function readRunner(
  { verbs, isEager }: typeof RUNNERS[string],
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  inner: Inner,
): CommandLine {
  const packages: string[] = [];
  let hasVerb = verbs.length === 0;
  let hasDashes = false;
  for (let place = 0; place < args.length; place++) {
    const word = args[place]!;
    const named = PACKAGE_FLAG.exec(word);
    if (named !== null) packages.push(named[1] ?? args[++place] ?? "");
    else if (word === "--") hasDashes = true;
    else if (CALL_FLAG.test(word)) {
      const line = CALL_FLAG.exec(word)![1] ?? args[place + 1] ?? "";
      return readLine(shellWords(line, "posix"), args, inner);
    } else if (word.startsWith("-")) {
      const isPlain = PLAIN_FLAGS.has(word) || word.includes("=") || PACKAGE.test(args[place + 1] ?? "");
      if (!isPlain) {
        return mentions(args) ? unclear(`is started with ${quoted(word, 40)}, which we do not know`) : OTHER;
      }
    } else if (!hasVerb) {
      if (!verbs.includes(word)) return OTHER;
      hasVerb = true;
    } else {
      if (!isCalled(word, packages)) return OTHER;
      const words = args.slice(place + 1);
      if (isEager && !hasDashes && words[0] !== "--" && words.some((word) => word.startsWith("-"))) {
        return unclear('is started by "npm exec" without "--", which takes the flags for its own');
      }
      return { kind: "mcp_remote", words: words[0] === "--" ? words.slice(1) : words, env };
    }
  }
  return OTHER;
}

/** Whether the program that is called is the one of the package, which has another one beside it. */
function isCalled(word: string, packages: readonly string[]): boolean {
  return packages.length === 0
    ? PACKAGE.test(word)
    : word === "mcp-remote" && packages.some((name) => PACKAGE.test(name));
}

function mentions(words: readonly string[]): boolean {
  return words.some((word) => word.includes("mcp-remote"));
}

function unclear(reason: string): CommandLine {
  return { kind: "unclear", reason };
}
