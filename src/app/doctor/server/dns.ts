import { type Lookup } from "../../../net/names.ts";
import { quoted } from "../../../platform/errors.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import { addressOf, holdsAddress, ipv4Cure, isHere, listed, lookups, proxyTo } from "./subject.ts";

/** Longer than this a name server that is well does not take, in ms. */
const SLOW_MS = 1_000;
/** More addresses than these are not told. */
const MOST_TOLD = 3;

const explains = {
  no_address: {
    result: "fail",
    cause: "the server's name has no address",
    cure: "check the address; a name of an internal network needs that network (VPN)",
  },
  no_answer: {
    result: "fail",
    cause: "no name server answers",
    cure: "check this machine's connection to the network, and its name servers",
  },
  slow_ipv6: {
    result: "warn",
    cause: "the name server is slow, or silent, about IPv6 alone",
    cure: 'add "--ipv4" to what the client starts, or "ipv4": true to the entry in servers.json',
  },
  slow: {
    result: "warn",
    cause: "the name server is slow",
    cure: "check this machine's name servers; each new connection waits for them",
  },
} as const;

/** Whether the server's name has addresses, in both families. */
export const serverDns: Check = {
  code: "server-dns",
  title: "name of the server",
  after: [],
  explains,
  async run(world): Promise<Finding> {
    const url = addressOf(world);
    if (holdsAddress(url)) return skip("the address holds no name");
    if (proxyTo(world) !== undefined) return skip("the proxy looks the name up");
    return judge(url.hostname, await lookups(world), isHere(world), ipv4Cure(world));
  },
};

function judge(name: string, found: readonly Lookup[], isHere: boolean, cure: string): Finding {
  const details = { name, lookups: found.map(({ ms, ...lookup }) => ({ ...lookup, ms: Math.round(ms) })) };
  const addresses = found.flatMap((lookup) => lookup.addresses);
  if (addresses.length === 0) {
    const isSilent = found.some(({ failure }) => failure === "TIMEOUT" || failure === "EAI_AGAIN");
    return isSilent
      ? fault(explains, "no_answer", { text: `no name server answers about ${quoted(name)}`, details })
      : fault(explains, "no_address", { text: `the name ${quoted(name)} has no address`, details });
  }
  const [four, six] = found;
  if (six !== undefined && isSlow(six) && !isSlow(four!)) {
    return fault(explains, "slow_ipv6", {
      text: `the name server takes ${timeOf(six)} about IPv6, and ${timeOf(four!)} about IPv4`,
      cure,
      details,
    });
  }
  const slowest = found.find(isSlow);
  if (slowest !== undefined && !isHere) {
    return fault(explains, "slow", { text: `the name server takes ${timeOf(slowest)}`, details });
  }
  return ok(told(addresses), details);
}

function isSlow({ ms }: Lookup): boolean {
  return ms > SLOW_MS;
}

function timeOf({ ms, failure }: Lookup): string {
  return `${failure === "TIMEOUT" ? "more than " : ""}${(ms / 1_000).toFixed(1)} s`;
}

function told(addresses: readonly string[]): string {
  const more = addresses.length - MOST_TOLD;
  return listed([...addresses.slice(0, MOST_TOLD), ...(more > 0 ? [`${more} more`] : [])]);
}
