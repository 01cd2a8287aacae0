import { BridgeError } from "../platform/errors.ts";
import type { Proxy } from "./proxy.ts";

/** How the other side of a TLS connection is judged, and who we say we are; PEM texts. */
export interface TlsSettings {
  /** The authorities that are trusted in place of the system's and the runtime's. */
  readonly ca?: string;
  /** Our certificate and its key, for servers that ask for one. */
  readonly cert?: string;
  readonly key?: string;
  /** Whether a certificate that cannot be trusted ends the connection. */
  readonly rejectUnauthorized: boolean;
}

/** The files and the switch that a person names. */
export interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly insecure: boolean;
}

/**
 * Reads the files that were named. An authority of the person's own takes the place of all others, as with curl: beside
 * some 260 others it would cost 0.4 ms for each request.
 *
 * @throws {BridgeError} `unreadable_file`
 */
export async function readTls(files: TlsFiles): Promise<TlsSettings> {
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new BridgeError("bad_argument", '"--cert" and "--key" belong together', {
      hint: "give the client certificate and its key, each as a PEM file",
    });
  }
  const settings = { rejectUnauthorized: !files.insecure };
  const ca = files.ca === undefined ? {} : { ca: await readPem("--ca", files.ca) };
  if (files.cert === undefined || files.key === undefined) return { ...settings, ...ca };
  return { ...settings, ...ca, cert: await readPem("--cert", files.cert), key: await readPem("--key", files.key) };
}

async function readPem(flag: string, file: string): Promise<string> {
  let text: string;
  try {
    text = await Bun.file(file).text();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("unreadable_file", `cannot read ${JSON.stringify(file)} (${code})`, {
      hint: `give "${flag}" a PEM file`,
      cause,
    });
  }
  if (/-----BEGIN [A-Z ]+-----/.test(text)) return text;
  throw new BridgeError("unreadable_file", `${JSON.stringify(file)} is no PEM file`, {
    hint: `give "${flag}" a file that begins with "-----BEGIN"`,
  });
}

/** What is wrong with a certificate, by the runtime's code, and the flag or variable that cures it. */
export function certificateFault(code: string, host: string, proxy?: Proxy): BridgeError | undefined {
  const fault = FAULTS.find(([codes]) => codes.test(code));
  if (fault === undefined) return undefined;
  const [codes, text, hint] = fault;
  if (codes === NO_TLS && proxy !== undefined) {
    const what = `no TLS connection to ${host} came about by the proxy ${proxy.address} (${code})`;
    return new BridgeError("untrusted_certificate", what, {
      hint: `check the address and ${proxy.variable}, or except the host with NO_PROXY`,
    });
  }
  return new BridgeError("untrusted_certificate", `${text.replace("HOST", host)} (${code})`, { hint });
}

const OWN_AUTHORITY = 'if it is your organisation\'s own, name its authority with "--ca FILE"';

const NO_TLS = /EPROTO|^ERR_SSL|WRONG_VERSION/;

const FAULTS: readonly [codes: RegExp, text: string, hint: string][] = [
  [
    /CERT_HAS_EXPIRED/,
    "the certificate of HOST has expired",
    "tell whoever runs the server, or check this machine's clock",
  ],
  [/CERT_NOT_YET_VALID/, "the certificate of HOST is not valid yet", "check this machine's clock"],
  [/ALTNAME|HOSTNAME_MISMATCH/, "the certificate that HOST shows is for another host", "check the address"],
  [/SELF_SIGNED/, "HOST, or a proxy on the way, shows a certificate that nobody known has signed", OWN_AUTHORITY],
  [
    /UNABLE_TO_(?:VERIFY|GET_ISSUER)/,
    "HOST, or a proxy on the way, shows a certificate of an unknown authority",
    OWN_AUTHORITY,
  ],
  [
    NO_TLS,
    "no TLS connection to HOST came about",
    'check the address; does the server want "--cert"?',
  ],
  [/CERT|^ERR_TLS/, "the certificate of HOST is not accepted", OWN_AUTHORITY],
];
