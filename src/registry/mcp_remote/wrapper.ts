import { shellWords } from "./shell_words.ts";

type Variables = Readonly<Record<string, string>>;

/** What a program starts that is there to start another one. */
export type Wrapped =
  | { readonly kind: "program"; readonly line: readonly string[]; readonly env: Variables }
  /** What it starts only a shell can tell. */
  | { readonly kind: "shell_line" };

/** Programs that start another one with some release of Node.js, by the word for that. */
const VERSION_MANAGERS: Readonly<Record<string, readonly string[]>> = {
  volta: ["run"],
  fnm: ["exec"],
  mise: ["exec", "x"],
  asdf: ["exec"],
};
/** Their flags that take the next word with them. */
const RELEASE_FLAGS = new Set(["--node", "--npm", "--pnpm", "--yarn", "--using"]);
/** The same of Windows' way into its Linux. */
const WSL_FLAGS = new Set(["-d", "--distribution", "-u", "--user", "--cd", "--shell-type"]);
/** What a shell of that Linux would change. */
const MEANS_MORE = /[$`\\;|&<>*]/;

/** What a program with these words starts, in which environment; nothing where it is no such program. */
export function unwrapped(name: string, args: readonly string[], env: Variables): Wrapped | undefined {
  if (name === "corepack") return { kind: "program", line: args, env };
  if (name === "env") return behindEnv(args, env);
  if (name === "wsl") return behindWsl(args, env);
  const verbs = Object.hasOwn(VERSION_MANAGERS, name) ? VERSION_MANAGERS[name]! : [];
  return verbs.includes(args[0] ?? "")
    ? { kind: "program", line: behindFlags(args.slice(1), RELEASE_FLAGS), env }
    : undefined;
}

/** `env -u A B=c program`, `env -S "B=c program"`; `isSplit` where the words come from such a line themselves. */
function behindEnv(words: readonly string[], env: Variables, isSplit = false): Wrapped {
  const own = { ...env };
  let place = 0;
  for (; place < words.length; place++) {
    const word = words[place]!;
    const split = /^(?:-[iv]*S|--split-string=)(.*)$/s.exec(word);
    if (split !== null) {
      const [line, rest] = split[1] === "" ? [words[place + 1] ?? "", 2] : [split[1]!, 1];
      const inner = shellWords(line.trim(), "posix");
      if (inner === undefined || isSplit) return { kind: "shell_line" };
      return behindEnv([...inner, ...words.slice(place + rest)], own, true);
    }
    const unset = /^(?:-u|--unset=)(.*)$/.exec(word);
    const assigned = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
    if (unset !== null) delete own[unset[1] || (words[++place] ?? "")];
    else if (assigned !== null) own[assigned[1]!] = assigned[2]!;
    else if (!/^(?:-|-i|-v|--ignore-environment|--debug|--)$/.test(word)) break;
  }
  return { kind: "program", line: words.slice(place), env: own };
}

/** `wsl -d Ubuntu npx ...`. Its Linux sees no variables of ours, and what it is told goes through a shell. */
function behindWsl(words: readonly string[], env: Variables): Wrapped {
  const line = behindFlags(words, WSL_FLAGS);
  const isPlain = words.some((word) => word === "-e" || word === "--exec") ||
    !line.some((word) => MEANS_MORE.test(word));
  return isPlain ? { kind: "program", line, env } : { kind: "shell_line" };
}

/** What stands behind the flags, or behind `--`. */
function behindFlags(words: readonly string[], withWord: ReadonlySet<string>): readonly string[] {
  const dashes = words.indexOf("--");
  let place = 0;
  while (words[place]?.startsWith("-") && words[place] !== "--") place += withWord.has(words[place]!) ? 2 : 1;
  const isTool = dashes > place && words.slice(place, dashes).every((word) => /^[\w-]+@[\w.-]+$/.test(word));
  if (words[place] === "--") return words.slice(place + 1);
  return isTool ? words.slice(dashes + 1) : words.slice(place);
}
