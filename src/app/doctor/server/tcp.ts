import type { Dialled } from "../../../net/dial.ts";
import { portOf } from "../../../net/server_url.ts";
import { type Check, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";
import { addressOf, dials, ipv4Cure, isHere, proxyTo } from "./subject.ts";

const explains = {
  refused: {
    result: "fail",
    cause: "the server's machine is there, and nothing listens at that port",
    cure: "check the port in the address, and that the server runs",
  },
  silent: {
    result: "fail",
    cause: "nothing answers: the machine is off, or a firewall takes in what is sent",
    cure: "check the address and the network; a server of an internal network needs that network (VPN)",
  },
  no_way: {
    result: "fail",
    cause: "no network leads there",
    cure: "check this machine's connection to the network",
  },
  ipv6_silent: {
    result: "warn",
    cause: "the server answers over IPv4, and over IPv6 nothing does",
    cure: 'add "--ipv4" to what the client starts, or "ipv4": true to the entry in servers.json',
  },
  partly_silent: {
    result: "warn",
    cause: "some of the server's addresses do not answer",
    cure: "tell whoever runs the server: connections may come late",
  },
} as const;

/** Whether the server's addresses accept connections. */
export const serverTcp: Check = {
  code: "server-tcp",
  title: "connection",
  after: ["server-dns"],
  explains,
  async run(world): Promise<Finding> {
    if (proxyTo(world) !== undefined) return skip("the proxy connects");
    return judge(await dials(world), world);
  },
};

function judge(dialled: readonly Dialled[], world: World): Finding {
  const port = portOf(addressOf(world));
  const details = { port, connections: dialled.map(({ port: _, ms, ...one }) => ({ ...one, ms: Math.round(ms) })) };
  const open = dialled.filter(({ failure }) => failure === undefined);
  const silent = dialled.filter(({ failure }) => failure === "TIMEOUT");
  if (open.length === 0) return failed(dialled, port, isHere(world), details);
  if (silent.length > 0) {
    const isSix = silent.every(({ address }) => isIpv6(address)) && open.every(({ address }) => !isIpv6(address));
    return fault(explains, isSix ? "ipv6_silent" : "partly_silent", {
      text: `${open[0]!.address} answers, and ${silent[0]!.address} does not`,
      ...(isSix ? { cure: ipv4Cure(world) } : {}),
      details,
    });
  }
  const others = dialled.length - open.length;
  const families = open.some(({ address }) => isIpv6(address)) ? "IPv6" : "IPv4";
  return ok(`port ${port} is open${others > 0 ? `, over ${families}` : ""}`, details);
}

function failed(
  dialled: readonly Dialled[],
  port: number,
  isHere: boolean,
  details: Readonly<Record<string, unknown>>,
): Finding {
  const codes = dialled.map(({ failure }) => failure);
  const where = dialled.map(({ address }) => address).slice(0, 2).join(", ");
  if (codes.includes("ECONNREFUSED")) {
    const text = `nothing listens at port ${port} of ${isHere ? "this machine" : where} (ECONNREFUSED)`;
    return fault(explains, "refused", { text, details });
  }
  if (codes.includes("TIMEOUT")) {
    return fault(explains, "silent", { text: `nothing answers at ${where}, port ${port}`, details });
  }
  return fault(explains, "no_way", { text: `no network leads to ${where} (${codes[0]})`, details });
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}
