import { bareHost, isLoopback } from "../../../net/address.ts";
import type { Dialled } from "../../../net/dial.ts";
import type { Lookup } from "../../../net/names.ts";
import { type Proxy, proxyOnWay } from "../../../net/proxy.ts";
import { portOf } from "../../../net/server_url.ts";
import { shellWord } from "../../../platform/shell_word.ts";
import { ownerAddress } from "../../authentication.ts";
import type { UpstreamSettings } from "../../upstream.ts";
import type { World } from "../world.ts";

/** How the server that is looked at is spoken to. */
export function settingsOf({ target }: World): UpstreamSettings {
  return target!.settings;
}

/** Its address by HTTP, as that of a WebSocket is known to a proxy too. */
export function addressOf(world: World): URL {
  return new URL(ownerAddress(settingsOf(world).server as URL));
}

/** Whether it is spoken to by HTTP, not on a WebSocket. */
export function isHttp(world: World): boolean {
  return (settingsOf(world).server as URL).protocol.startsWith("http");
}

/** The proxy on the way to it. */
export function proxyTo(world: World): Proxy | undefined {
  return proxyOnWay(addressOf(world), world.env);
}

/** Whether the address holds an IP address in place of a name. */
export function holdsAddress(url: URL): boolean {
  return /^\[.*\]$|^\d+\.\d+\.\d+\.\d+$/.test(url.hostname);
}

/** What the system's resolver says of its name, for each family that may be used; asked once. */
export function lookups(world: World): Promise<readonly Lookup[]> {
  return world.once("lookups", async () => {
    const name = bareHost(addressOf(world));
    const families = settingsOf(world).network.ipv4 ? [4 as const] : [4 as const, 6 as const];
    return await Promise.all(families.map((family) => world.doors.network.lookUp(name, family)));
  });
}

/** More addresses are not tried. */
const MOST_TRIED = 8;

/** Which of its addresses accept connections; tried once. */
export function dials(world: World): Promise<readonly Dialled[]> {
  return world.once("dials", async () => {
    const url = addressOf(world);
    const addresses = holdsAddress(url)
      ? [bareHost(url)]
      : (await lookups(world)).flatMap((lookup) => lookup.addresses);
    const tried = addresses.slice(0, MOST_TRIED);
    return await Promise.all(tried.map((address) => world.doors.network.dial(address, portOf(url))));
  });
}

/** The address that was quickest to accept a connection; nothing where none does. */
export async function openAddress(world: World): Promise<string | undefined> {
  const open = (await dials(world)).filter(({ failure }) => failure === undefined);
  return open.toSorted((one, other) => one.ms - other.ms)[0]?.address;
}

/** Whether it is this machine. */
export function isHere(world: World): boolean {
  return isLoopback(addressOf(world).hostname);
}

/** A command of ours about it, ready to be pasted. */
export function commandFor(world: World, command: string, ...flags: string[]): string {
  const { target } = world;
  const { account, server } = settingsOf(world);
  const word = target?.name ?? shellWord((server as URL).href);
  const whose = account === "default" ? [] : ["--account", shellWord(account)];
  return `run "${["mcp-bridge", command, word, ...whose, ...flags].join(" ")}"`;
}

/** Where a setting belongs: behind what the client starts, or into the entry of a server by name. */
export function saidIn({ target }: World, flags: string, setting: string): string {
  return target?.name === undefined
    ? `add ${flags} to what the client starts`
    : `write ${setting} into the entry of "${target.name}" in servers.json`;
}

/** How the server is reached over IPv4 alone. */
export function ipv4Cure(world: World): string {
  return saidIn(world, '"--ipv4"', '"ipv4": true');
}

/** Words of a list, as a sentence has them. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
