import type { Surroundings } from "../../platform/paths.ts";

/** One folder of mcp-remote's store: that of a layout, or of a release in the times when each had its own. */
export interface StoreLayout {
  /** The name of the folder, such as `mcp-remote-v1` or `mcp-remote-0.1.38`. */
  readonly folder: string;
  /** From what the names of its files are made. */
  readonly naming: "all" | "url" | "either";
}

/** By what mcp-remote keeps a sign-in apart from others, each as it was typed. */
export interface SignInWords {
  readonly url: string;
  readonly resource?: string;
  readonly authorizeParams?: Readonly<Record<string, string>>;
  /** With their references, which it puts in only later. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly clientMetadataUrl?: string;
  readonly tokenEndpoint?: string;
}

/**
 * Where mcp-remote keeps what it knows, by its own rules; nothing where no home is named, or a relative path: from where
 * that leads only the client knows.
 */
export function storeFolder({ platform, env }: Surroundings): string | undefined {
  const named = env["MCP_REMOTE_CONFIG_DIR"];
  if (named) return isWholePath(named) ? named : undefined;
  const [home, slash] = platform === "win32" ? [env["USERPROFILE"], "\\"] : [env["HOME"], "/"];
  return home && isWholePath(home) ? `${home}${slash}.mcp-auth` : undefined;
}

function isWholePath(path: string): boolean {
  return /^(?:\/|[a-z]:[\\/]|\\\\)/i.test(path);
}

/** The layout of a folder in the store by its name; nothing for a folder of somebody else's. */
export function layoutOf(folder: string): StoreLayout | undefined {
  if (/^mcp-remote-v\d+$/.test(folder)) return { folder, naming: "all" };
  const release = /^mcp-remote-(\d+)\.(\d+)\.(\d+)(?:-[\w.]+)?$/.exec(folder);
  if (release === null) return undefined;
  const [, major, minor, patch] = release.map(Number) as [number, number, number, number];
  const age = major * 1_000_000 + minor * 1_000 + patch;
  // Up to 0.1.24 the address alone counted, from 0.1.30 on all that sets a sign-in apart.
  return { folder, naming: age <= 1_024 ? "url" : age >= 1_030 ? "all" : "either" };
}

/** The names under which a sign-in may be kept in a folder, the likeliest first. */
export function storeNames(words: SignInWords, { folder, naming }: StoreLayout): string[] {
  const { url, resource, headers, authorizeParams, clientMetadataUrl, tokenEndpoint } = words;
  const [common, params] = [sorted(headers), sorted(authorizeParams)];
  const all = nameOf([url, resource, params, common, clientMetadataUrl, tokenEndpoint]);
  // Releases of the time before there were these flags were told them in vain.
  const fewer = folder.includes("-v") ? [] : [nameOf([url, resource, common])];
  const names = { all: [all, ...fewer], url: [nameOf([url])], either: [all, ...fewer, nameOf([url])] }[naming];
  return [...new Set(names)];
}

/** The port that mcp-remote has the browser come back to where nobody names one. */
export function usualPort(name: string): number {
  return 3_335 + Number.parseInt(name.slice(0, 4), 16) % 45_816;
}

function sorted(values: Readonly<Record<string, string>> = {}): string | undefined {
  const names = Object.keys(values).sort();
  return names.length === 0 ? undefined : JSON.stringify(values, names);
}

function nameOf(parts: readonly (string | undefined)[]): string {
  return new Bun.CryptoHasher("md5").update(parts.filter(Boolean).join("|")).digest("hex");
}
