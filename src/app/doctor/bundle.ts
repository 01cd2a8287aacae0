import { MASK } from "../../registry/mask.ts";
import { redacted } from "../../platform/redact.ts";
import { mapTexts } from "./map_texts.ts";
import { maskHosts } from "./mask_hosts.ts";
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

const ADDRESS = /\b(?:https?|wss?):\/\/[^\s"'<>\\,;)]+/gi;
/** Steps of a path that are more likely a key than a name. */
const KEY_LIKE = /^(?=.*\d)[A-Za-z0-9_~.=-]{16,}$|^[A-Za-z0-9_~.=-]{24,}$/;

/** A report for somebody else to read, as JSON: no secrets, no home, and no hosts where that is wanted. */
export function bundleText(report: Report, options: BundleOptions): string {
  const { env, platform, masksHosts, now } = options;
  const variables = Object.keys(env).filter((name) => TELLING.test(name) && env[name]).sort();
  const whole = { at: new Date(now).toISOString(), platform, arch: process.arch, bun: Bun.version, variables, report };
  const shown = mapTexts(whole, cleaner(options));
  return `${JSON.stringify(masksHosts ? maskHosts(shown, proxiesIn(env)) : shown, null, 2)}\n`;
}

/** What the environment says of proxies, which texts name without a scheme. */
function proxiesIn(env: BundleOptions["env"]): string[] {
  return Object.keys(env).filter((name) => /^(?:https?|all)_proxy$/i.test(name)).map((name) => env[name] ?? "");
}

/** Takes out of a text what nobody else needs. */
function cleaner({ home }: BundleOptions): (text: string) => string {
  // Of a user without a home of its own the root would be all paths.
  const homes = home === undefined || home.length < 2 ? [] : [home, JSON.stringify(home).slice(1, -1)];
  const patterns = homes.map((folder) => new RegExp(`${escaped(folder)}(?![\\w.-])`, "g"));
  return (text) => {
    const shown = patterns.reduce((rest, pattern) => rest.replace(pattern, "~"), text);
    return redacted(shown.replace(ADDRESS, withoutKeys));
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** An address without its query and user, and without steps that may be keys. */
function withoutKeys(text: string): string {
  if (!URL.canParse(text)) return text;
  const { protocol, host, pathname, search } = new URL(text);
  const path = pathname.split("/").map((step) => KEY_LIKE.test(step) ? MASK : step).join("/");
  return `${protocol}//${host}${path}${search === "" ? "" : `?${MASK}`}`;
}
