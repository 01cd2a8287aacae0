import { bareHost, isLoopback } from "../net/address.ts";
import { BridgeError, quoted } from "../platform/errors.ts";

/** Finds the IP addresses of a name; rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** By what addresses are judged. */
export interface AddressRules {
  /** The system's resolver goes without saying. */
  readonly resolve?: Resolve;
  /** Whether a person takes it on that a server on the internet leads into private networks; never to this machine. */
  readonly anyNetwork?: boolean;
}

/** How close to us an address leads: out into the world, into somebody's network, to our link, or to this very machine. */
type Reach = typeof WORLD | typeof NETWORK | typeof LINK | typeof MACHINE;
const WORLD = 0;
const NETWORK = 1;
const LINK = 2;
const MACHINE = 3;

/** What is not the world (RFC 6890 and its updates), as address and length of the prefix. */
const RANGES: readonly [reach: Reach, ...subnets: (readonly [address: string, prefix: number])[]][] = [
  [
    MACHINE,
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["::", 96],
  ],
  [
    LINK,
    ["169.254.0.0", 16],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
    ["fe80::", 10],
    ["ff00::", 8],
  ],
  [
    NETWORK,
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    // Ways into IPv4 that hide where they lead: NAT64 of a network's own, Teredo, 6to4.
    ["64:ff9b:1::", 48],
    ["2001::", 32],
    ["2002::", 16],
    ["100::", 64],
    ["2001:db8::", 32],
    ["fc00::", 7],
    ["fec0::", 10],
  ],
];

/** Names of DNS and addresses. URLs allow quotes and `$(...)` there, which only a shell would make something of. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;

/** Prefixes of 96 bits behind which an IPv4 address stands (RFC 4291, 2.5.5.2; RFC 6052, 2.1). */
const CARRIERS = ["::ffff:", "64:ff9b::"];

/** Longer ones are no address that a person could be shown. */
const LONGEST = 2_048;

/**
 * Judges an address that a server names, before it is called or opened: https, or plain http where the MCP server
 * `from` is on this machine as well; no user, no password, no control signs, no host that is no name; and nothing closer to us than the MCP
 * server itself, so that no server on the internet reaches into a network through us (RFC 9728, 7.7). What stands at
 * the MCP server's own origin, or at its host over TLS, is fine: a person gave that. `what` names the place of the
 * address in the error.
 *
 * A name is judged by all addresses it has now: what is pointed to by the nearest of them, and who points by the
 * farthest, as its DNS is its own to fill, and never as this machine or its link. That it is the same host that is called a moment later follows from
 * its certificate: only loopback is called without one.
 *
 * @throws {BridgeError} `unsafe_address`
 */
export async function safeAddress(
  text: string,
  what: string,
  from: URL,
  { resolve = resolveBySystem, anyNetwork = false }: AddressRules,
): Promise<URL> {
  function refuse(fault: string, cure = "ask whoever runs the server, or check its address"): never {
    throw new BridgeError("unsafe_address", `the ${what} that the server names ${fault}: ${quoted(text)}`, {
      hint: `nothing was sent there; ${cure}`,
    });
  }
  // deno-lint-ignore no-control-regex
  if (text.length > LONGEST || /[\x00-\x20\x7f]/.test(text) || !URL.canParse(text)) refuse("is no address");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") refuse("is no web address");
  if (url.username !== "" || url.password !== "") refuse("holds a user or a password");
  if (text.includes("#")) refuse("holds a fragment");
  if (!HOST.test(url.hostname)) refuse("has a host that is no name");
  if (url.origin === from.origin) return url;
  if (url.protocol === "http:" && !isLoopback(url.hostname)) refuse("is not encrypted");
  // Nothing is closer to us than this machine: names need not be looked up, which only a proxy may know.
  if (isLoopback(from.hostname)) return url;
  if (url.protocol === "https:" && url.hostname === from.hostname) return url;
  const reach = Math.max(...await reachesOf(url.hostname, resolve));
  if (reach === WORLD || (anyNetwork && reach === NETWORK)) return url;
  if (reach <= await ownReach(from, resolve)) return url;
  if (reach > NETWORK) return refuse("leads to this machine");
  return refuse("leads into a private network", 'if that network is yours, add "--allow-private-network"');
}

/** How close a server may lead us. */
async function ownReach({ hostname }: URL, resolve: Resolve): Promise<number> {
  const { isIP } = await import("node:net");
  const farthest = Math.min(...await reachesOf(hostname, resolve));
  return isLoopback(bare(hostname)) || isIP(bare(hostname)) > 0 ? farthest : Math.min(farthest, NETWORK);
}

/** Where each address of a host leads. A name without any is for the request to fail by, or for a proxy to know. */
async function reachesOf(hostname: string, resolve: Resolve): Promise<Reach[]> {
  const name = bare(hostname);
  if (isLoopback(name)) return [MACHINE];
  const { BlockList, isIP } = await import("node:net");
  const lists = RANGES.map(([reach, ...subnets]) => {
    const list = new BlockList();
    for (const [address, prefix] of subnets) {
      const family = isIP(address) === 4 ? "ipv4" : "ipv6";
      list.addSubnet(address, prefix, family);
      if (family === "ipv6") continue;
      for (const carrier of CARRIERS) list.addSubnet(`${carrier}${address}`, 96 + prefix, "ipv6");
    }
    return { reach, list };
  });
  const addresses = isIP(name) > 0 ? [name] : await resolve(name).catch(() => []);
  if (addresses.length === 0) return [WORLD];
  return addresses.map((address) =>
    lists.find(({ list }) => list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4"))?.reach ?? WORLD
  );
}

/** Without the brackets of IPv6, and without the dot that ends a whole name. */
function bare(hostname: string): string {
  return bareHost({ hostname }).replace(/\.$/, "");
}

async function resolveBySystem(name: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(name, { all: true })).map(({ address }) => address);
}
