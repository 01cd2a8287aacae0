import type { NetworkSettings } from "../app/network.ts";
import { quoted } from "../platform/errors.ts";
import type { ServerEntry } from "../registry/entry.ts";
import { readSeconds } from "./arguments.ts";
import type { Flags, FlagValues } from "./command.ts";

/** The flags that say how servers are reached. */
export const NETWORK_FLAGS = {
  "ca": {
    type: "string",
    value: "FILE",
    heading: "network",
    text: "trust the authorities in this PEM file, in place of the system's",
  },
  "cert": { type: "string", value: "FILE", text: "show this client certificate, with --key" },
  "key": { type: "string", value: "FILE", text: "the key of the client certificate" },
  "insecure": { type: "boolean", text: "do not check the server's certificate; anybody on the way can read along" },
  "disable-cookies": { type: "boolean", text: "do not send the server's cookies back to it" },
  "ipv4": { type: "boolean", text: "connect over IPv4 only; a proxy is reached as it comes" },
  "enable-proxy": { type: "boolean", text: "needless: the environment's proxy is used anyway" },
  "connect-timeout": {
    type: "string",
    default: "10",
    value: "SECONDS",
    heading: "time-outs (0 waits for ever)",
    text: "give up if no connection comes about",
  },
  "headers-timeout": {
    type: "string",
    default: "0",
    value: "SECONDS",
    text: "give up if an answer has not begun",
  },
} as const satisfies Flags;

/**
 * Reads how servers are to be reached; `entry` is that of servers.json which the flags were merged with.
 *
 * @throws {BridgeError} `bad_argument` or `unreadable_file`
 */
export async function readNetwork(
  flags: FlagValues<typeof NETWORK_FLAGS>,
  entry?: ServerEntry,
): Promise<NetworkSettings> {
  const { readTls } = await import("../net/tls.ts");
  const nameOf = (file: "ca" | "cert" | "key"): string =>
    entry === undefined || entry.tls[file] !== flags[file] ? `"--${file}"` : `"tls.${file}" of ${quoted(entry.label)}`;
  return {
    tls: await readTls(flags, nameOf),
    cookies: !flags["disable-cookies"],
    ipv4: flags.ipv4,
    connectTimeout: readSeconds("--connect-timeout", flags["connect-timeout"]),
    headersTimeout: readSeconds("--headers-timeout", flags["headers-timeout"]),
  };
}
