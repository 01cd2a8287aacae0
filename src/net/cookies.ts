import type { Clock } from "../platform/clock.ts";

/** A cookie that a server has set. */
interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** When it ends, in ms since the epoch; `Infinity` for one that lives as long as the process. */
  readonly expires: number;
}

/** The most bytes of a cookie's name and value together (RFC 6265bis, 5.6). */
const LONGEST_COOKIE = 4_096;
/** The most cookies of one origin, and the most bytes of them all; the oldest go first. */
const MOST_COOKIES = 50;
const MOST_BYTES = 8_192;
/** The most origins; the one that was met first goes first. */
const MOST_ORIGINS = 16;

/**
 * The cookies of a run, for load balancers that find a session's backend by one. RFC 6265bis in the strictest reading:
 * a cookie goes back to the origin (scheme, host and port) that set it and nowhere else, whatever its `Domain` says.
 */
export class Cookies {
  readonly #clock: Clock;
  /** By origin, and there by name and path, in the order of their making. */
  readonly #origins = new Map<string, Map<string, Cookie>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What belongs into the `Cookie` header of a request to `url` (RFC 6265bis, 5.8.3); nothing where nothing does. */
  headerFor(url: URL): string | undefined {
    if (this.#origins.size === 0) return undefined;
    const now = this.#clock.now();
    const fitting = [...this.#origins.get(url.origin)?.values() ?? []]
      .filter(({ path, expires }) => expires > now && covers(path, url.pathname))
      .sort((one, other) => other.path.length - one.path.length);
    return fitting.length === 0 ? undefined : fitting.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  /** Keeps what the answer from `url` sets, and drops what it ends (RFC 6265bis, 5.7). */
  take(url: URL, headers: Headers): void {
    if (!headers.has("set-cookie")) return;
    const now = this.#clock.now();
    const kept = this.#origins.get(url.origin) ?? new Map<string, Cookie>();
    for (const line of headers.getSetCookie()) {
      const cookie = readCookie(line, url, now);
      if (cookie === undefined) continue;
      const key = `${cookie.name};${cookie.path}`;
      if (cookie.expires <= now) kept.delete(key);
      else kept.set(key, cookie);
    }
    let bytes = [...kept.values()].reduce((sum, cookie) => sum + sizeOf(cookie), 0);
    for (const [key, cookie] of kept) {
      if (kept.size <= MOST_COOKIES && bytes <= MOST_BYTES) break;
      kept.delete(key);
      bytes -= sizeOf(cookie);
    }
    if (kept.size === 0) this.#origins.delete(url.origin);
    else this.#origins.set(url.origin, kept);
    if (this.#origins.size > MOST_ORIGINS) this.#origins.delete(this.#origins.keys().next().value!);
  }
}

function sizeOf({ name, value }: Cookie): number {
  return name.length + value.length;
}

/** Reads a `Set-Cookie` header (RFC 6265bis, 5.6); nothing where it must be ignored. */
function readCookie(line: string, url: URL, now: number): Cookie | undefined {
  // deno-lint-ignore no-control-regex
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(line)) return undefined;
  const [pair = "", ...attributes] = line.split(";");
  const equals = pair.indexOf("=");
  const name = pair.slice(0, Math.max(equals, 0)).trim();
  const value = pair.slice(equals + 1).trim();
  if (name === "" || name.length + value.length > LONGEST_COOKIE) return undefined;
  let path = defaultPath(url.pathname);
  let expires = Infinity;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const [, key = "", said = ""] = /^([^=]*)=?(.*)$/.exec(attribute)!.map((part) => part.trim());
    switch (key.toLowerCase()) {
      case "path":
        path = said.startsWith("/") ? said : defaultPath(url.pathname);
        break;
      case "max-age":
        if (/^-?\d+$/.test(said)) maxAge = Number(said);
        break;
      case "expires":
        expires = readDate(said) ?? expires;
        break;
      case "secure":
        if (url.protocol !== "https:") return undefined;
    }
  }
  if (maxAge !== undefined) expires = maxAge > 0 ? now + maxAge * 1000 : 0;
  return { name, value, path, expires };
}

function readDate(text: string): number | undefined {
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : date;
}

/** The folder of the request, where a cookie names no path (RFC 6265bis, 5.1.4). */
function defaultPath(pathname: string): string {
  return pathname.slice(0, Math.max(pathname.lastIndexOf("/"), 1));
}

function covers(path: string, pathname: string): boolean {
  return pathname === path || (pathname.startsWith(path) && (path.endsWith("/") || pathname[path.length] === "/"));
}
