import { createServer } from "node:net";
import type { NetworkDoors } from "../../../../src/app/doctor/server/network_doors.ts";
import type { World } from "../../../../src/app/doctor/world.ts";
import type { Shown } from "../../../../src/net/shown_certificate.ts";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { type Certificate, Certificates } from "../../../harness/certificates.ts";
import type { Changes } from "../../../harness/doctor_world.ts";
import { serverWorld, serving } from "../../../harness/server_world.ts";
import type { FailingWorld } from "./failing_world.ts";

const SERVER = "https://mcp.example.com/mcp";
const DAY_MS = 86_400_000;

function behind(network: Partial<NetworkDoors>, env: Changes["env"] = {}): Changes {
  return { env, doors: { network } };
}

/** A world in which the resolver says something else of each family. */
function named(four: Partial<Found>, six: Partial<Found>): FailingWorld["world"] {
  return (stack) =>
    serverWorld(
      stack,
      { server: SERVER },
      behind({
        lookUp: (_name, family) =>
          Promise.resolve({ family, addresses: [], failure: undefined, ms: 3, ...family === 4 ? four : six }),
      }),
    );
}

type Found = Awaited<ReturnType<NetworkDoors["lookUp"]>>;

/** A world in which addresses are dialled in vain, or not. */
function dialled(failures: Readonly<Record<string, string | undefined>>): FailingWorld["world"] {
  return (stack) =>
    serverWorld(
      stack,
      { server: SERVER },
      behind({
        lookUp: (_name, family) =>
          Promise.resolve({
            family,
            addresses: Object.keys(failures).filter((address) => address.includes(":") === (family === 6)),
            failure: undefined,
            ms: 3,
          }),
        dial: (address, port) => Promise.resolve({ address, port, failure: failures[address], ms: 5 }),
      }),
    );
}

/** A world behind a proxy that is not there, or says no. */
function proxied(address: string | ((stack: AsyncDisposableStack) => string)): FailingWorld["world"] {
  return (stack) => {
    const proxy = typeof address === "string" ? address : address(stack);
    return serverWorld(stack, { server: SERVER }, { env: { HTTPS_PROXY: proxy } });
  };
}

const GONE = "http://127.0.0.1:1";

/** A listener that is no proxy: it says `text` to whoever connects. */
function saying(text: string): (stack: AsyncDisposableStack) => string {
  return (stack) => {
    const server = createServer((socket) => void socket.end(text)).listen(0, "127.0.0.1");
    stack.defer(() => void server.close());
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };
}

/** A world whose server shows a certificate; `ca` is trusted in place of the system's authorities. */
function certified(make: (certificates: Certificates) => Certificate, trusts = true): FailingWorld["world"] {
  return async (stack) => {
    const certificates = stack.use(new Certificates());
    const { cert, key } = make(certificates);
    const server = serving(stack, () => new Response("ok"), { cert: Bun.file(cert), key: Bun.file(key) });
    const ca = await Bun.file(certificates.authority.cert).text();
    const tls = { rejectUnauthorized: true, ...(trusts ? { ca } : {}) };
    return serverWorld(stack, { server, network: { tls } });
  };
}

/** A world whose server shows what the test says. */
function showing(shown: Partial<Shown> | string, tls = { rejectUnauthorized: true }): FailingWorld["world"] {
  return (stack) =>
    serverWorld(
      stack,
      { server: "https://127.0.0.1:1/mcp", network: { tls } },
      behind({
        dial: (address, port) => Promise.resolve({ address, port, failure: undefined, ms: 1 }),
        certificate: () =>
          Promise.resolve(
            typeof shown === "string" ? shown : {
              protocol: "TLSv1.3",
              names: "DNS:mcp.example.com",
              fault: undefined,
              chain: [{
                subject: "mcp.example.com",
                issuer: "R11",
                organisation: "Let's Encrypt",
                from: Date.now() - DAY_MS,
                until: Date.now() + 60 * DAY_MS,
              }],
              ...shown,
            },
          ),
      }),
    );
}

function unresolved(thrown: BridgeError): FailingWorld["world"] {
  return (stack): World => serverWorld(stack, { server: SERVER, target: { unresolved: thrown } });
}

/** Worlds that differ in the way to the server. */
export const WAY_WORLDS: readonly FailingWorld[] = [
  {
    code: "server-settings",
    fault: "missing_reference",
    name: "a header refers to a variable that is not set",
    world: unresolved(new BridgeError("missing_reference", '"x-key" refers to ${KEY}, which is not set')),
  },
  {
    code: "server-settings",
    fault: "unreadable_file",
    name: "the authority that the entry names is not there",
    world: unresolved(new BridgeError("unreadable_file", 'cannot read "/nowhere.pem" (ENOENT)')),
  },
  {
    code: "server-settings",
    fault: "bad_header",
    name: "the value of a header has a line break",
    world: unresolved(new BridgeError("bad_header", "the value of the header holds a line break")),
  },
  {
    code: "server-dns",
    fault: "no_address",
    name: "the name does not exist",
    world: named({ failure: "ENOTFOUND" }, { failure: "ENOTFOUND" }),
  },
  {
    code: "server-dns",
    fault: "no_answer",
    name: "the name server does not answer",
    world: named({ failure: "TIMEOUT", ms: 4_000 }, { failure: "EAI_AGAIN" }),
  },
  {
    code: "server-dns",
    fault: "slow_ipv6",
    name: "the name server takes seconds about IPv6",
    world: named({ addresses: ["192.0.2.1"] }, { failure: "TIMEOUT", ms: 4_000 }),
  },
  {
    code: "server-dns",
    fault: "slow",
    name: "the name server takes seconds about both",
    world: named({ addresses: ["192.0.2.1"], ms: 1_500 }, { failure: "ENOTFOUND", ms: 1_500 }),
  },
  { code: "server-proxy", fault: "unreachable", name: "the proxy is not there", world: proxied(GONE) },
  {
    code: "server-proxy",
    fault: "unreachable",
    name: "the proxy does not reach the server",
    world: proxied(saying("HTTP/1.1 503 Service Unavailable\r\n\r\n")),
  },
  {
    code: "server-proxy",
    fault: "connect_timeout",
    name: "the proxy accepts no connection in time",
    world: (stack) =>
      serverWorld(
        stack,
        { server: SERVER },
        behind({
          tryProxy: () => Promise.reject(new BridgeError("connect_timeout", "the proxy accepted no connection")),
        }, { HTTPS_PROXY: GONE }),
      ),
  },
  {
    code: "server-proxy",
    fault: "proxy_refused",
    name: "the proxy wants a password",
    world: proxied(saying("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")),
  },
  { code: "server-proxy", fault: "proxy_refused", name: "it is one that speaks SOCKS", world: proxied("socks5://a:1") },
  {
    code: "server-proxy",
    fault: "bad_answer",
    name: "what stands at its address is no proxy",
    world: proxied(saying("220 mail.example.com ESMTP\r\n\r\n")),
  },
  {
    code: "server-tcp",
    fault: "refused",
    name: "nothing listens at the port",
    world: (stack) => serverWorld(stack, { server: "http://127.0.0.1:1/mcp" }),
  },
  {
    code: "server-tcp",
    fault: "silent",
    name: "a firewall takes in what is sent",
    world: dialled({ "192.0.2.1": "TIMEOUT", "2001:db8::1": "TIMEOUT" }),
  },
  {
    code: "server-tcp",
    fault: "no_way",
    name: "there is no network",
    world: dialled({ "192.0.2.1": "ENETUNREACH" }),
  },
  {
    code: "server-tcp",
    fault: "ipv6_silent",
    name: "IPv6 leads nowhere",
    world: dialled({ "192.0.2.1": undefined, "2001:db8::1": "TIMEOUT" }),
  },
  {
    code: "server-tcp",
    fault: "partly_silent",
    name: "one of two machines is off",
    world: dialled({ "192.0.2.1": undefined, "192.0.2.2": "TIMEOUT" }),
  },
  {
    code: "server-tls",
    fault: "expired",
    name: "the certificate has expired",
    world: certified((certificates) => certificates.sign("old", "IP:127.0.0.1", -1)),
  },
  {
    code: "server-tls",
    fault: "not_yet_valid",
    name: "the certificate is not valid yet",
    world: showing({ fault: "CERT_NOT_YET_VALID" }),
  },
  {
    code: "server-tls",
    fault: "wrong_name",
    name: "the certificate is for another host",
    world: certified((certificates) => certificates.sign("other", "DNS:other.example")),
  },
  {
    code: "server-tls",
    fault: "self_signed",
    name: "the certificate signs itself",
    world: certified((certificates) => certificates.selfSigned("self"), false),
  },
  {
    code: "server-tls",
    fault: "unknown_authority",
    name: "the authority is not known",
    world: certified((certificates) => certificates.sign("good", "IP:127.0.0.1"), false),
  },
  {
    code: "server-tls",
    fault: "intercepted",
    name: "a proxy of the organisation opens the connection",
    world: showing({
      fault: "SELF_SIGNED_CERT_IN_CHAIN",
      chain: [{
        subject: "mcp.example.com",
        issuer: "Zscaler Intermediate Root CA (zscaler.net)",
        organisation: "Zscaler Inc.",
        from: 0,
        until: Date.now() + DAY_MS,
      }],
    }),
  },
  {
    code: "server-tls",
    fault: "no_tls",
    name: "the connection ends as soon as it is there",
    world: (stack) => serverWorld(stack, { server: saying("")(stack).replace("http:", "https:") }),
  },
  {
    code: "server-tls",
    fault: "not_accepted",
    name: "the certificate is not meant for servers",
    world: showing({ fault: "INVALID_PURPOSE" }),
  },
  { code: "server-tls", fault: "silent", name: "the server says nothing", world: showing("TIMEOUT") },
  {
    code: "server-tls",
    fault: "expires_soon",
    name: "the certificate ends in two days",
    world: certified((certificates) => certificates.sign("short", "IP:127.0.0.1", 2)),
  },
  {
    code: "server-tls",
    fault: "plain",
    name: "https is said to a port of plain http",
    world: (stack) =>
      serverWorld(stack, { server: serving(stack, () => new Response("ok")).replace("http:", "https:") }),
  },
  {
    code: "server-tls",
    fault: "not_checked",
    name: "--insecure",
    world: showing({ fault: "DEPTH_ZERO_SELF_SIGNED_CERT" }, { rejectUnauthorized: false }),
  },
];
