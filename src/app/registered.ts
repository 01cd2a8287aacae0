import { quoted } from "../platform/errors.ts";
import type { Keychain } from "../platform/keychain.ts";
import type { ServerEntry } from "../registry/entry.ts";
import { type Environment, resolveHeaders, resolveProgram } from "../registry/references.ts";
import { signInOf } from "../registry/sign_in.ts";
import { readTls, type TlsSettings } from "../net/tls.ts";
import type { UpstreamSettings } from "./upstream.ts";

/** What an entry says nothing of. */
export type RunSettings = Pick<UpstreamSettings, "grace" | "maxMessage" | "keepAlive" | "network" | "state" | "cures">;

/**
 * How to speak to a server of the registry, with what its entry refers to.
 *
 * @throws {BridgeError} `missing_reference`, `bad_header`, `unreadable_file`
 */
export async function settingsOf(
  entry: ServerEntry,
  run: RunSettings,
  env: Environment,
  keychain: Keychain,
): Promise<UpstreamSettings> {
  const { label, server, timeouts, tools } = entry;
  const isRemote = server instanceof URL;
  return {
    ...run,
    server: isRemote ? server : await resolveProgram(label, server, env, keychain),
    headers: isRemote ? await resolveHeaders(entry, env, keychain) : {},
    signIn: await signInOf(entry, env, keychain),
    account: entry.account,
    transport: entry.transport,
    protocol: entry.protocol,
    keepAlive: entry.keepAlive || run.keepAlive,
    network: {
      ...run.network,
      tls: isRemote ? await tlsSettings(entry, run.network.tls) : run.network.tls,
      ipv4: run.network.ipv4 || entry.ipv4,
      cookies: run.network.cookies && entry.cookies,
      connectTimeout: timeouts.connect,
      headersTimeout: timeouts.headers,
    },
    bodyTimeout: timeouts.body,
    timeout: timeouts.total,
    allowedTools: tools.allow,
    ignoredTools: tools.deny,
  };
}

/** What an entry says of certificates counts before what is said for all servers. */
async function tlsSettings({ label, tls }: ServerEntry, run: TlsSettings): Promise<TlsSettings> {
  const { ca, cert, key, insecure = false } = tls;
  const own = await readTls({ ca, cert, key, insecure }, (file) => `"tls.${file}" of ${quoted(label)}`);
  return { ...run, ...own, rejectUnauthorized: run.rejectUnauthorized && own.rejectUnauthorized };
}
