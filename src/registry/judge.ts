import { kindOfHeader } from "../net/header_rules.ts";
import { readServerUrl } from "../net/server_url.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Strategy } from "../transport/choices.ts";
import type { ProgramEntry, ServerEntry } from "./entry.ts";
import type { WrittenEntry } from "./schema.ts";
import { EntryFault } from "./entry_fault.ts";
import { judgeOauth } from "./judge_oauth.ts";
import { tlsOf } from "./judge_tls.ts";
import { slugOf } from "./names.ts";
import { isWholePath } from "./whole_path.ts";

/** How long servers are waited for where nobody says so, in ms. */
const TIMEOUTS = { connect: 10_000, headers: 0, body: 300_000, total: 0 };

/**
 * Makes a server of what stands in the file and has the right shape; `allowHttp` allows plain http though the entry does
 * not.
 *
 * @throws {EntryFault}
 */
export function makeEntry(label: string, written: WrittenEntry, allowHttp = false): ServerEntry {
  const { tools = {}, timeouts = {}, oauth = {} } = written;
  const server = serverOf(written, allowHttp);
  judgeOauth(oauth);
  const ms: Record<string, number> = { ...TIMEOUTS };
  for (const [name, seconds] of Object.entries(timeouts)) ms[name] = Math.round(seconds * 1_000);
  const globs = "length" in tools ? { allow: tools } : tools;
  return {
    label,
    slug: slugOf(label),
    server,
    headers: headersOf(written.headers ?? {}),
    account: written.account ?? "default",
    transport: written.transport ?? (written.type === "sse" ? "sse-first" : "http-first") satisfies Strategy,
    protocol: written.protocol ?? "auto",
    tools: { allow: globs.allow ?? [], deny: globs.deny ?? [] },
    timeouts: ms as unknown as ServerEntry["timeouts"],
    keepAlive: Math.round((written.keepAlive ?? 0) * 1_000),
    ipv4: written.ipv4 ?? false,
    tls: server instanceof URL ? tlsOf(written.tls ?? {}) : {},
    cookies: written.cookies ?? true,
    share: written.share ?? "auto",
    oauth,
    disabled: written.disabled ?? false,
  };
}

function serverOf(written: WrittenEntry, allowHttp: boolean): URL | ProgramEntry {
  const { url, command, type } = written;
  if (url !== undefined && command !== undefined) {
    throw new EntryFault(["command"], 'stands beside "url": a server has one of them', "take one of them out");
  }
  if (url !== undefined) {
    const address = addressOf(url, allowHttp || written.allowHttp === true);
    const isSocket = address.protocol.startsWith("ws");
    if (type !== undefined && (type === "stdio" || (type === "ws") !== isSocket)) {
      throw new EntryFault(["type"], `does not fit the scheme "${address.protocol}"`, 'leave "type" out');
    }
    return address;
  }
  if (command === undefined) throw new EntryFault([], 'has neither "url" nor "command"', "give it one of them");
  if (type !== undefined && type !== "stdio") {
    throw new EntryFault(["type"], 'does not fit a "command"', 'leave "type" out');
  }
  if (!isWholePath(command) && /[/\\]/.test(command)) {
    throw new EntryFault(["command"], "is a relative path", "give its whole path, or a name that is in PATH");
  }
  const { cwd } = written;
  if (cwd !== undefined && !isWholePath(cwd)) {
    throw new EntryFault(["cwd"], "is no whole path", "begin it with a slash, or with a drive");
  }
  return { command, args: written.args ?? [], env: written.env ?? {}, cwd };
}

function addressOf(text: string, allowHttp: boolean): URL {
  if (text.includes("${")) {
    throw new EntryFault(["url"], "holds a reference", 'references are for "headers", "env" and "clientSecret"');
  }
  try {
    return readServerUrl(text, allowHttp);
  } catch (thrown) {
    if (!(thrown instanceof BridgeError)) throw thrown;
    if (thrown.message.includes("not encrypted")) {
      const hint =
        'use "https://" or "wss://", or allow it on a network that you trust: "allowHttp": true, or "--allow-http"';
      throw new EntryFault(["url"], "is not encrypted: anybody on the way reads along", hint);
    }
    if (/^the (?:port|scheme) /.test(thrown.message)) {
      const isPort = thrown.message.startsWith("the port");
      throw new EntryFault(
        ["url"],
        isPort ? "names a port that is none" : "has a scheme that is not supported",
        thrown.hint,
      );
    }
    if (URL.canParse(text) && new URL(text).host !== "" && /^(?:https?|wss?):/i.test(text)) {
      const hint = 'leave it out, and give an "Authorization" header by reference';
      throw new EntryFault(["url"], "contains a user name or a password", hint);
    }
    throw new EntryFault(["url"], "is no address of a server", "give the whole URL, with https, http, wss or ws");
  }
}

function headersOf(written: Readonly<Record<string, string>>): Record<string, string> {
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(written)) {
    const kind = kindOfHeader(name);
    if (kind === "no_name") throw new EntryFault(["headers", name], "is no name of a header");
    if (kind === "reserved") throw new EntryFault(["headers", name], "belongs to the protocol", "leave it out");
    if (kind === "free") headers.push([name.toLowerCase(), value]);
  }
  return Object.fromEntries(headers);
}
