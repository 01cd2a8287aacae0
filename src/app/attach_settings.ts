import { wayOut } from "../net/proxy.ts";
import type { ServerEntry } from "../registry/entry.ts";
import { type Environment, variablesIn } from "../registry/references.ts";
import type { RunSettings } from "./registered.ts";

/** What of a run's settings is about its servers; the time-outs are the entry's. */
export type SharedRun = Pick<RunSettings, "grace" | "maxMessage" | "keepAlive" | "cures"> & {
  readonly network: Pick<RunSettings["network"], "tls" | "cookies" | "ipv4">;
};

/**
 * What the settings of a server are, in a form that two processes can compare and that tells neither of them a secret:
 * the entry, the values of the variables that it refers to, and how the run speaks to servers. Nothing for a program
 * that each client has to itself: its environment is that of who starts it.
 */
export function attachSettings(entry: ServerEntry, run: SharedRun, env: Environment): string | undefined {
  if (!(entry.server instanceof URL) && entry.share !== "always") return undefined;
  // The schema's reader gives members in its own order, the short look in that of the file.
  const oauth = Object.entries(entry.oauth).sort(([one], [other]) => one < other ? -1 : 1);
  const text = JSON.stringify({ ...entry, oauth });
  const variables = text.includes("${") ? variablesIn(text).map((name) => [name, env[name] ?? null]) : [];
  const { grace, maxMessage, keepAlive, cures, network: { tls, cookies, ipv4 } } = run;
  const { ca, cert, key, rejectUnauthorized } = tls;
  const way = [grace, maxMessage, keepAlive, [...cures].sort(), ca, cert, key, rejectUnauthorized, cookies, ipv4];
  return new Bun.CryptoHasher("sha256").update(text).update(JSON.stringify([variables, way])).digest("hex");
}

/**
 * What an environment says of the way to servers, likewise; of what it is silent about the other process decides. Hosts
 * hand few variables on, so that a proxy of the whole machine is mostly known to `serve` alone.
 */
export function attachWay(env: Environment): Readonly<Record<string, string>> {
  const digest = (values: readonly string[]): string =>
    new Bun.CryptoHasher("sha256").update(JSON.stringify(values)).digest("hex");
  return Object.fromEntries(Object.entries(wayOut(env)).map(([kind, values]) => [kind, digest(values)]));
}
