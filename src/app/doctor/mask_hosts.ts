import { mapTexts } from "./map_texts.ts";

/** What stands behind a scheme, with a user or without. */
const AFTER_SCHEME = /\/\/(?:[^\s"'/@]*@)?(\[[^\]\s]*\]|[^\s"'/:?#\\,;)<>]+)/g;
/** What a name with dots looks like: the last part is no number. */
const DOTTED = /(?<![\w@/~-]|\w\.)(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]+(?![\w-]|\.[a-z])/gi;
/** Files that we, or clients, have names for, which look like hosts. */
const FILE = /\.(?:jsonc?|toml|db|key|lock|sock|md|txt|log|new|pem|crt|exe|js|ts|so|dylib|dll|app|bak|wk)$/i;
const OWN = /^(?:localhost|\[::1\]|127\.[\d.]+|\*+)$/i;
const IPV4 = /\b(?!127\.)(?!0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b/g;
const IPV6 = /(?<![\w:.])(?!::1\b)(?:[0-9a-f]{1,4}:|:(?=:)){2,7}[0-9a-f:]*(?![\w:])/gi;

/**
 * The value without names of hosts and without addresses, but for those of this machine: the same host has the same
 * name everywhere, `host-1` and so on. `more` are further texts that name hosts.
 */
export function maskHosts(value: unknown, more: readonly string[]): unknown {
  const hosts = hostsIn([value, ...more.map((text) => text.includes("://") ? text : `//${text}`)]);
  const masks = hosts.map((host, place) => [patternOf(host), `host-${place + 1}`] as const);
  return mapTexts(value, (text) => {
    const shown = masks.reduce((rest, [pattern, mask]) => rest.replace(pattern, mask), text);
    return shown.replace(IPV4, "IPv4").replace(IPV6, "IPv6");
  });
}

/** The hosts that texts name, the longest first, so that none is taken for the end of another. */
function hostsIn(value: unknown): string[] {
  const hosts = new Set<string>();
  mapTexts(value, (text) => {
    for (const [, host] of text.matchAll(AFTER_SCHEME)) hosts.add(host!.toLowerCase());
    for (const [name] of text.matchAll(DOTTED)) if (!FILE.test(name)) hosts.add(name.toLowerCase());
    return text;
  });
  return [...hosts].filter((host) => !OWN.test(host)).sort((one, other) => other.length - one.length);
}

/** A name without dots may be a word as well, and counts in an address or in quotes alone. */
function patternOf(host: string): RegExp {
  const text = host.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const before = host.includes(".") ? "(?<![\\w-])" : '(?<=//|@|"|^)';
  const after = host.includes(".") ? "(?![\\w-])" : '(?=[/:"]|$)';
  return new RegExp(`${before}${text}${after}`, "gi");
}
