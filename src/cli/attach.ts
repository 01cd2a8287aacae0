import { attach } from "../app/attach.ts";
import { attachSettings, attachWay, type SharedRun } from "../app/attach_settings.ts";
import { connectAttached } from "../app/attached.ts";
import type { ConnectWorld } from "../app/on_stdio.ts";
import type { UpstreamSettings } from "../app/upstream.ts";
import { VERSION } from "../platform/version.ts";
import type { NamedEntry } from "./named_server.ts";

/** What was said on the command line. */
interface Said {
  readonly operands: readonly string[];
  readonly flags: { readonly "no-attach": boolean };
  readonly words: readonly string[];
}

/** Flags that leave it as it is how the server is spoken to, or that `serve` is told. */
const HARMLESS: ReadonlySet<string> = new Set(["--account", "--debug", "--silent"]);

/** What a start says without any flag, as `serve` does. */
const USUAL: SharedRun = {
  grace: 20_000,
  maxMessage: 64 * 1_048_576,
  keepAlive: 0,
  cures: new Set(["auto"]),
  network: { tls: { rejectUnauthorized: true }, cookies: true, ipv4: false },
};

/**
 * Runs the bridge by way of a `serve` of this user, where one runs that speaks to the server as we would: settles with
 * the exit code, or with nothing where the process has to go by itself. `own` says how that is done.
 */
export async function goThroughServe(
  { entry, flags: { account } }: NamedEntry<{ readonly account: string }>,
  { operands, flags, words }: Said,
  own: () => Promise<UpstreamSettings>,
  world: ConnectWorld,
): Promise<number | undefined> {
  if (flags["no-attach"]) return undefined;
  const other = operands.length > 1
    ? "a callback port"
    : words.find((word) => word.startsWith("-") && !HARMLESS.has(word.split("=", 1)[0]!));
  if (other !== undefined) {
    world.notify({ level: "debug", text: `going by itself: ${other.split("=", 1)[0]} is for this process alone` });
    return undefined;
  }
  const settings = attachSettings(entry, USUAL, process.env);
  if (settings === undefined) return undefined;
  const hello = { version: VERSION, name: entry.slug, account, settings, way: attachWay(process.env) };
  const surroundings = { platform: process.platform, env: process.env };
  const attachment = await attach(hello, surroundings, world.notify);
  if (attachment === undefined) return undefined;
  const server = entry.server instanceof URL ? entry.server.host : entry.server.command;
  const { grace, maxMessage } = USUAL;
  return await connectAttached(attachment, { server, grace, maxMessage, own }, world);
}
