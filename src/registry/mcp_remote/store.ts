import type { ImportedClient, ImportedTokens } from "../../auth/imported.ts";
import { readClient, type Reading, readTokens, type StoreFile } from "./kept_sign_in.ts";
import { layoutOf, type SignInWords, type StoreLayout, storeNames } from "./store_place.ts";

/** What mcp-remote keeps. */
export interface McpRemoteStore {
  readonly folder: string;
  /** Those that we know, the layout that lasts first, and then the newest release. */
  readonly layouts: readonly LayoutFolder[];
  /** What else lies there, by its name. */
  readonly foreign: readonly string[];
}

/** One folder of the store with its files, by the name of the sign-in that they belong to. */
export interface LayoutFolder extends StoreLayout {
  readonly path: string;
  readonly files: ReadonlyMap<string, readonly string[]>;
}

/** A sign-in of the store. */
export interface KeptSignIn {
  readonly name: string;
  /** The folder that it lies in. */
  readonly path: string;
  /** All files of its name. */
  readonly files: readonly string[];
  readonly reading: Reading<{ readonly tokens: ImportedTokens; readonly client: ImportedClient | undefined }>;
}

/** A larger file is none of mcp-remote's, in bytes. */
const LARGEST = 1_048_576;
/** How long mcp-remote takes to renew a token at most, in ms. */
const RENEWING_MS = 30_000;
const TOKENS = "tokens.json";
const CLIENT = "client_info.json";
const RENEWING = "refresh_in_progress.json";
const FILE = /^([0-9a-f]{32})_(.+)$/;

/** Looks through the store; nothing where there is none. Nothing in it is changed. */
export async function openStore(folder: string): Promise<McpRemoteStore | undefined> {
  const { readdirSync } = await import("node:fs");
  const entries = listed(() => readdirSync(folder));
  if (entries === undefined) return undefined;
  const layouts: LayoutFolder[] = [];
  const foreign: string[] = [];
  for (const entry of entries) {
    const layout = layoutOf(entry);
    const path = `${folder}/${entry}`;
    const names = layout === undefined ? undefined : listed(() => readdirSync(path));
    if (layout === undefined || names === undefined) foreign.push(entry);
    else layouts.push({ ...layout, path, files: byName(names) });
  }
  return { folder, layouts: layouts.sort(byAge), foreign };
}

/** The sign-in that mcp-remote has made with these words: of several the youngest that can be used. `now` in ms. */
export async function findKept(
  { layouts }: McpRemoteStore,
  words: SignInWords,
  now: number,
): Promise<KeptSignIn | undefined> {
  let unfit: KeptSignIn | undefined;
  let best: { kept: KeptSignIn; at: number } | undefined;
  for (const layout of layouts) {
    const name = storeNames(words, layout).find((name) => layout.files.get(name)?.includes(TOKENS));
    if (name === undefined) continue;
    const kept = await readKept(layout, name, now);
    if (kept.reading.kind === "unfit") unfit ??= kept;
    else if (best === undefined || kept.reading.content.tokens.receivedAt > best.at) {
      best = { kept, at: kept.reading.content.tokens.receivedAt };
    }
  }
  return best?.kept ?? unfit;
}

/** The sign-ins of the store that have tokens, by name and folder. */
export function allKept({ layouts }: McpRemoteStore): { name: string; path: string }[] {
  return layouts.flatMap(({ path, files }) =>
    [...files].filter(([, kinds]) => kinds.includes(TOKENS)).map(([name]) => ({ name, path }))
  );
}

/** Removes the files of a sign-in; those that are gone already count for nothing. */
export async function deleteKept({ path, name, files }: KeptSignIn): Promise<void> {
  const { rmSync } = await import("node:fs");
  for (const file of files) rmSync(`${path}/${name}_${file}`, { force: true });
}

async function readKept({ path, files }: LayoutFolder, name: string, now: number): Promise<KeptSignIn> {
  const kept = { name, path, files: files.get(name)! };
  const unfit = (reason: string): KeptSignIn => ({ ...kept, reading: { kind: "unfit", reason } });
  const [renewing, tokenFile, clientFile] = await Promise.all(
    [RENEWING, TOKENS, CLIENT].map((kind) => readFile(`${path}/${name}_${kind}`)),
  );
  if (typeof renewing === "object" && now - renewing.writtenAt < RENEWING_MS) {
    return unfit("is being renewed by mcp-remote right now; try again in a moment");
  }
  if (typeof tokenFile !== "object") return unfit(tokenFile ?? "is gone");
  const tokens = readTokens(tokenFile, now);
  if (tokens.kind === "unfit") return unfit(tokens.reason);
  if (clientFile === undefined) {
    return { ...kept, reading: { kind: "read", content: { tokens: tokens.content, client: undefined } } };
  }
  const client = typeof clientFile === "string"
    ? { kind: "unfit", reason: clientFile } as const
    : readClient(clientFile, now);
  if (client.kind === "unfit") return unfit(`has a registration beside it that ${client.reason}`);
  return { ...kept, reading: { kind: "read", content: { tokens: tokens.content, client: client.content } } };
}

/** The text of a file; why it cannot be taken; nothing where there is none. */
async function readFile(file: string): Promise<StoreFile | string | undefined> {
  const { closeSync, constants, fstatSync, openSync, readFileSync } = await import("node:fs");
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return "is no plain file";
    if (process.getuid !== undefined && stats.uid !== process.getuid()) return "belongs to another user";
    if (stats.size > LARGEST) return "is too large";
    return { text: readFileSync(descriptor, "utf8"), writtenAt: stats.mtimeMs };
  } catch (thrown) {
    const { code = "unknown" } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    return code === "ELOOP" ? "is a symbolic link" : `cannot be read (${code})`;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function byName(entries: readonly string[]): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const entry of entries) {
    const [, name, kind] = FILE.exec(entry) ?? [];
    if (name !== undefined) files.set(name, [...files.get(name) ?? [], kind!]);
  }
  return files;
}

function byAge(one: StoreLayout, other: StoreLayout): number {
  const lasts = ({ folder }: StoreLayout): boolean => folder.startsWith("mcp-remote-v");
  if (lasts(one) !== lasts(other)) return lasts(one) ? -1 : 1;
  return other.folder.localeCompare(one.folder, "en", { numeric: true });
}

function listed(list: () => string[]): string[] | undefined {
  try {
    return list();
  } catch {
    return undefined;
  }
}
