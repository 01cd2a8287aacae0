import { BridgeError } from "../platform/errors.ts";
import { isLoopback } from "./address.ts";

const LARGEST_PORT = 65_535;
/** How most addresses begin. */
const USUAL_BEGINNINGS = ["https://", "http://"];
const SCHEMES = new Set(["https:", "http:", "wss:", "ws:"]);

/**
 * Reads the address of a remote server. Plain `http:` and `ws:` are for this machine, or for whoever says so; `ipv4`
 * tells that an IPv6 address will not do.
 *
 * @throws {BridgeError} `bad_url`
 */
export function readServerUrl(text: string, allowHttp: boolean, ipv4 = false): URL {
  const hasScheme = USUAL_BEGINNINGS.some((beginning) => text.startsWith(beginning)) ||
    /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  if (!hasScheme || !URL.canParse(text)) throw noAddress(text);
  const url = new URL(text);
  if (!SCHEMES.has(url.protocol)) {
    throw new BridgeError("bad_url", `the scheme "${url.protocol}" is not supported`, {
      hint: 'use an "https://" or a "wss://" address',
    });
  }
  if (url.username !== "" || url.password !== "") {
    throw new BridgeError("bad_url", "the address contains a user name or a password", {
      hint: 'leave it out, and give an "Authorization" line with "--header-file FILE"',
    });
  }
  const isPlain = url.protocol === "http:" || url.protocol === "ws:";
  if (isPlain && !allowHttp && !isLoopback(url.hostname)) {
    throw new BridgeError(
      "bad_url",
      `"${url.protocol}//${url.host}" is not encrypted: anybody on the way reads along`,
      {
        hint: 'use "https://" or "wss://", or add "--allow-http" on a network that you trust',
      },
    );
  }
  if (ipv4 && url.hostname.startsWith("[")) {
    throw new BridgeError("bad_url", `${url.hostname} is an IPv6 address`, { hint: 'leave "--ipv4" out' });
  }
  url.hash = "";
  return url;
}

/** The error for a text that is no URL of a server, which may be for its port. */
function noAddress(text: string): BridgeError {
  const port = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(text)?.[1];
  if (port !== undefined && Number(port) > LARGEST_PORT) {
    return new BridgeError("bad_url", `the port of the address is no port: "${port.slice(0, 20)}"`, {
      hint: "give a number from 1 to 65535, or leave it out",
    });
  }
  return new BridgeError("bad_url", `${JSON.stringify(text)} is no address of a server`, {
    hint: `give the whole URL, for example "${guessUrl(text)}"`,
  });
}

/** What a person without a scheme is likely to have meant; nothing behind the port, which may be a key. */
function guessUrl(text: string): string {
  const host = /^(?:localhost|127\.0\.0\.1|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5}(?!\d))?(?=[/?#]|$)/i.exec(text)?.[0];
  if (host === undefined) return "https://example.com/mcp";
  const isHere = /^(?:localhost|127\.0\.0\.1)(?::|$)/i.test(host);
  return `${isHere ? "http" : "https"}://${host}/mcp`;
}

/** The port of an address, by its scheme where it names none. */
export function portOf({ protocol, port }: URL): number {
  return Number(port || (protocol === "https:" || protocol === "wss:" ? 443 : 80));
}
