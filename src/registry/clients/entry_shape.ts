import type { EntryParts, Program } from "./client.ts";

/** An entry in the shape that most clients share: `command`, `args`, and `env` where there is any. */
export function writeCommon({ command, args, env }: Program): Record<string, unknown> {
  return { command, args, ...(Object.keys(env).length === 0 ? {} : { env }) };
}

/** As `writeCommon`, for clients that want the transport named. */
export function writeTyped(program: Program): Record<string, unknown> {
  return { type: "stdio", ...writeCommon(program) };
}

/** Reads the shape that most clients share, with the names that some of them have for the address. */
export function readCommon(entry: Readonly<Record<string, unknown>>): EntryParts {
  return {
    command: textOf(entry.command),
    args: textsOf(entry.args),
    env: namedTexts(entry.env),
    cwd: textOf(entry.cwd),
    url: textOf(entry.url) ?? textOf(entry.serverUrl) ?? textOf(entry.httpUrl),
    headers: namedTexts(entry.headers),
    type: textOf(entry.type) ?? textOf(entry.transport),
    disabled: entry.disabled === true || entry.enabled === false,
  };
}

/** An entry of OpenCode: the program and its arguments are one list. */
export function writeOpenCode({ command, args, env }: Program): Record<string, unknown> {
  return {
    type: "local",
    command: [command, ...args],
    ...(Object.keys(env).length === 0 ? {} : { environment: env }),
  };
}

/** The same, read. */
export function readOpenCode(entry: Readonly<Record<string, unknown>>): EntryParts {
  // Older releases of VS Code keep theirs on the same way.
  if (typeof entry.command === "string") return readCommon(entry);
  const [command, ...args] = textsOf(entry.command);
  return { ...readCommon(entry), command, args, env: namedTexts(entry.environment ?? entry.env) };
}

/** OpenCode's `{env:VAR}` as others write it; its `{file:...}` is as little a variable for them. */
export function openCodeReferences(text: string): string {
  return text.replace(/\{env:([A-Za-z_]\w*)\}/g, "${$1}").replace(/\{(file:[^}]*)\}/g, "${$1}");
}

/** An entry of Gemini CLI, which keeps to itself what sounds like a credential, unless the entry says it. */
export function writeGemini(program: Program): Record<string, unknown> {
  const inherited = (program.inherits ?? []).map((name) => [name, `$${name}`]);
  return writeCommon({ ...program, env: { ...Object.fromEntries(inherited), ...program.env } });
}

/** Gemini CLI's `$VAR` as others write it; in lower case it is more likely a part of a password. */
export function geminiReferences(text: string): string {
  return text.replace(/\$([A-Z_][A-Z0-9_]*)\b/g, "${$1}");
}

/** Reads an entry of Zed; releases before August 2025 write the program as an object of its own. */
export function readZed(entry: Readonly<Record<string, unknown>>): EntryParts {
  const { command } = entry;
  if (typeof command !== "object" || command === null) return readCommon(entry);
  const { path, args, env } = command as Readonly<Record<string, unknown>>;
  return { ...readCommon(entry), command: textOf(path), args: textsOf(args), env: namedTexts(env) };
}

/** An entry of Codex, which by itself waits 10 s for a server: less than it may take us to reach a slow one. */
export function writeCodex(program: Program): Record<string, unknown> {
  const { env, ...rest } = writeCommon(program);
  const { inherits = [] } = program;
  return {
    ...rest,
    startup_timeout_sec: 30,
    ...(inherits.length === 0 ? {} : { env_vars: inherits }),
    ...(env === undefined ? {} : { env }),
  };
}

/** Reads an entry of Codex, which names variables where others write `${VAR}`. */
export function readCodex(entry: Readonly<Record<string, unknown>>): EntryParts {
  const headers = { ...namedTexts(entry.http_headers) };
  for (const [name, variable] of Object.entries(namedTexts(entry.env_http_headers))) headers[name] = `\${${variable}}`;
  const bearer = textOf(entry.bearer_token_env_var);
  if (bearer !== undefined) headers.Authorization = `Bearer \${${bearer}}`;
  return { ...readCommon(entry), headers };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === "string") : [];
}

/** The members that are texts, and numbers and truth values as one writes them; members keep any name they have. */
function namedTexts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const members = Object.entries(value).filter(([, member]) => /^(?:string|number|boolean)$/.test(typeof member));
  return Object.fromEntries(members.map(([name, member]) => [name, String(member)]));
}
