import { MASK } from "../../registry/mask.ts";
import { redacted } from "../../platform/redact.ts";
import type { Report } from "./report.ts";

/** What is taken out of a report that others are to read. */
export interface BundleOptions {
  /** The user's home, which becomes `~`; nothing where there is none. */
  readonly home: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly masksHosts: boolean;
  readonly now: number;
}

/** Variables that say something about how we run; their names alone are told. */
const TELLING =
  /^(?:MCP_BRIDGE_\w+|BUN_\w+|NODE_\w+|SSL\w+|\w+_PROXY|XDG_\w+|LD_\w+|DYLD_\w+|DISPLAY|WAYLAND_DISPLAY|BROWSER|SSH_CONNECTION|SSH_TTY|WSL_\w+|CI)$/i;

const ADDRESS = /\b(https?|wss?):\/\/[^\s"'<>\\,;)]+/gi;
/** Steps of a path that are more likely a key than a name. */
const KEY_LIKE = /^(?=.*\d)[A-Za-z0-9_~.=-]{16,}$|^[A-Za-z0-9_~.=-]{24,}$/;
const IPV4 = /\b(?!127\.)(?!0\.0\.0\.0)\d{1,3}(?:\.\d{1,3}){3}\b/g;
const IPV6 = /(?<![\w:.])(?!::1\b)(?:[0-9a-f]{1,4}:|:(?=:)){2,7}[0-9a-f:]*(?![\w:])/gi;

/** A report for somebody else to read, as JSON: no secrets, no home, and no hosts where that is wanted. */
export function bundleText(report: Report, options: BundleOptions): string {
  const { env, platform, now } = options;
  const variables = Object.keys(env).filter((name) => TELLING.test(name) && env[name]).sort();
  const whole = { at: new Date(now).toISOString(), platform, arch: process.arch, bun: Bun.version, variables, report };
  const clean = cleaner(options, hostsIn(whole));
  return `${JSON.stringify(mapTexts(whole, clean), null, 2)}\n`;
}

/** Takes out of a text what nobody else needs. */
function cleaner({ home, masksHosts }: BundleOptions, hosts: readonly string[]): (text: string) => string {
  const homes = home === undefined ? [] : [home, JSON.stringify(home).slice(1, -1)];
  return (text) => {
    let shown = homes.reduce((rest, folder) => rest.replaceAll(folder, "~"), text);
    shown = redacted(shown.replace(ADDRESS, withoutKeys));
    if (!masksHosts) return shown;
    shown = hosts.reduce((rest, host, place) => rest.replaceAll(host, `host-${place + 1}`), shown);
    return shown.replace(IPV4, "IPv4").replace(IPV6, "IPv6");
  };
}

/** An address without its query and user, and without steps that may be keys. */
function withoutKeys(text: string): string {
  if (!URL.canParse(text)) return text;
  const { protocol, host, pathname, search } = new URL(text);
  const path = pathname.split("/").map((step) => KEY_LIKE.test(step) ? MASK : step).join("/");
  return `${protocol}//${host}${path}${search === "" ? "" : `?${MASK}`}`;
}

/** The names in all addresses, the longest first, so that none is taken for the end of another. */
function hostsIn(value: unknown): string[] {
  const hosts = new Set<string>();
  mapTexts(value, (text) => {
    for (const [address] of text.matchAll(ADDRESS)) if (URL.canParse(address)) hosts.add(new URL(address).hostname);
    return text;
  });
  const own = /^(?:localhost|\[::1\]|127\.[\d.]+)$/;
  return [...hosts].filter((host) => !own.test(host)).sort((one, other) => other.length - one.length);
}

/** The value with each text in it, and each name, put through `change`. */
export function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((element) => mapTexts(element, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [change(name), mapTexts(member, change)]));
}
