import { isLoopback } from "./address.ts";

/** The variables of an environment, by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** The proxy that the environment puts on the way to a server. */
export interface Proxy {
  /** Its host and port; never its user and password. */
  readonly address: string;
  /** The variable that names it. */
  readonly variable: string;
  /** Whether the variable holds a user. */
  readonly hasUser: boolean;
  /** Whether it is one that fetch can speak to, by its scheme. */
  readonly speaksHttp: boolean;
}

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const EXCEPTIONS = "NO_PROXY";
/** What the runtime reads of authorities that are trusted. */
const AUTHORITIES = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_USE_SYSTEM_CA"];

/** Whether the environment names any proxy. */
export function hasProxy(env: Variables): boolean {
  return PROXIES.some((name) => read(env, name) !== undefined);
}

/**
 * What an environment says of the way to servers, by kind: the values that count, with the passwords of proxies. Nothing
 * for a kind that it does not mention; an empty value is a word, too. Two environments with the same lead the same way.
 */
export function wayOut(env: Variables): Readonly<Record<string, readonly string[]>> {
  const valuesOf = (names: readonly string[]): string[] => names.map((name) => read(env, name)?.value ?? "");
  const mentions = (names: readonly string[]): boolean =>
    names.some((name) => env[name] !== undefined || env[name.toLowerCase()] !== undefined);
  const all = [...PROXIES, EXCEPTIONS];
  return {
    ...(mentions(all) ? { proxy: hasProxy(env) ? valuesOf(all) : [] } : {}),
    ...(mentions(AUTHORITIES) ? { authority: valuesOf(AUTHORITIES) } : {}),
  };
}

/**
 * The proxy by which Bun's fetch reaches `url` in an environment, for deciding what else may be tried and for naming
 * it in errors; the request itself is carried there by fetch. Small letters go before capitals, as fetch has it.
 */
export function proxyFor(url: URL, env: Variables): Proxy | undefined {
  const own = read(env, url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  const found = own ?? read(env, "ALL_PROXY");
  if (found === undefined || isExcepted(url, read(env, EXCEPTIONS)?.value ?? "")) return undefined;
  const text = withScheme(found.value);
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  return {
    address: proxy?.host || "without an address",
    variable: found.name,
    hasUser: (proxy?.username ?? "") !== "",
    speaksHttp: proxy === undefined || /^https?:$/.test(proxy.protocol),
  };
}

/** The proxy by which the gate reaches `url`: none for this machine, whatever the environment says. */
export function proxyOnWay(url: URL, env: Variables): Proxy | undefined {
  return isLoopback(url.hostname) ? undefined : proxyFor(url, env);
}

/** The address of a proxy as the runtime takes it, with its user and password: for nobody else. */
export function proxyAddress({ variable }: Proxy, env: Variables): string {
  return withScheme(env[variable]!);
}

function withScheme(text: string): string {
  return text.includes("://") ? text : `http://${text}`;
}

function read(env: Variables, name: string): { name: string; value: string } | undefined {
  const found = [name.toLowerCase(), name].find((candidate) => env[candidate]);
  return found === undefined ? undefined : { name: found, value: env[found]! };
}

/** Whether `NO_PROXY` excepts a host: `*`, names with all below them, addresses, IPv4 networks, each with a port or not. */
function isExcepted(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$|\.$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return list.toLowerCase().split(/[\s,]+/).some((entry) => {
    const [, bracketed, plain = "", ofPort = port] = /^(?:\[(.*)\]|([^:]*|.*:.*:.*))(?::(\d+))?$/.exec(entry) ?? [];
    const name = (bracketed ?? plain).replace(/^\*?\.|\.$/g, "");
    if (name === "" || ofPort !== port) return false;
    return name === "*" || host === name || host.endsWith(`.${name}`) || isInNetwork(host, name);
  });
}

function isInNetwork(host: string, network: string): boolean {
  const [base = "", length = ""] = network.split("/");
  const [one, other] = [readIpv4(host), readIpv4(base)];
  if (one === undefined || other === undefined || !/^\d+$/.test(length) || Number(length) > 32) return false;
  const size = 2 ** (32 - Number(length));
  return Math.floor(one / size) === Math.floor(other / size);
}

function readIpv4(text: string): number | undefined {
  if (!/^\d+(?:\.\d+){3}$/.test(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
