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
 * some 260 others it would cost 0.4 ms for each request. `nameOf` gives what to call a file to the person who named it.
 *
 * @throws {BridgeError} `unreadable_file`, and `bad_argument` for a certificate without its key, or the other way round
 */
export async function readTls(files: TlsFiles, nameOf: NameOf = flagOf): Promise<TlsSettings> {
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new BridgeError("bad_argument", '"--cert" and "--key" belong together', {
      hint: "give the client certificate and its key, each as a PEM file",
    });
  }
  const settings = { rejectUnauthorized: !files.insecure };
  const ca = files.ca === undefined ? {} : { ca: await readPem(nameOf("ca"), files.ca) };
  if (files.cert === undefined || files.key === undefined) return { ...settings, ...ca };
  const [cert, key] = [await readPem(nameOf("cert"), files.cert), await readPem(nameOf("key"), files.key)];
  return { ...settings, ...ca, cert, key };
}

type NameOf = (file: "ca" | "cert" | "key") => string;

function flagOf(file: string): string {
  return `"--${file}"`;
}

async function readPem(name: string, file: string): Promise<string> {
  let text: string;
  try {
    text = await Bun.file(file).text();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("unreadable_file", `cannot read ${JSON.stringify(file)} (${code})`, {
      hint: `give ${name} a PEM file`,
      cause,
    });
  }
  if (/-----BEGIN [A-Z ]+-----/.test(text)) return text;
  throw new BridgeError("unreadable_file", `${JSON.stringify(file)} is no PEM file`, {
    hint: `give ${name} a file that begins with "-----BEGIN"`,
  });
}

/** What is wrong with a certificate, or with TLS as a whole. */
export type CertificateFault =
  | "expired"
  | "not_yet_valid"
  | "wrong_name"
  | "self_signed"
  | "unknown_authority"
  | "no_tls"
  | "not_accepted";

/** What is wrong with a certificate, by the runtime's code; nothing where that is about something else. */
export function certificateFaultOf(code: string): CertificateFault | undefined {
  return FAULTS.find(({ codes }) => codes.test(code))?.fault;
}

/** The error for a certificate, by the runtime's code, with the flag or variable that cures it. */
export function certificateFault(code: string, host: string, proxy?: Proxy): BridgeError | undefined {
  const found = FAULTS.find(({ codes }) => codes.test(code));
  if (found === undefined) return undefined;
  if (found.fault === "no_tls" && proxy !== undefined) {
    const what = `no TLS connection to ${host} came about by the proxy ${proxy.address} (${code})`;
    return new BridgeError("untrusted_certificate", what, {
      hint: `check the address and ${proxy.variable}, or except the host with NO_PROXY`,
    });
  }
  return new BridgeError("untrusted_certificate", `${found.text.replace("HOST", host)} (${code})`, {
    hint: found.hint,
  });
}

const OWN_AUTHORITY = 'if it is your organisation\'s own, name its authority with "--ca FILE"';

const FAULTS: readonly { codes: RegExp; fault: CertificateFault; text: string; hint: string }[] = [
  {
    codes: /CERT_HAS_EXPIRED/,
    fault: "expired",
    text: "the certificate of HOST has expired",
    hint: "tell whoever runs the server, or check this machine's clock",
  },
  {
    codes: /CERT_NOT_YET_VALID/,
    fault: "not_yet_valid",
    text: "the certificate of HOST is not valid yet",
    hint: "check this machine's clock",
  },
  {
    codes: /ALTNAME|HOSTNAME_MISMATCH/,
    fault: "wrong_name",
    text: "the certificate that HOST shows is for another host",
    hint: "check the address",
  },
  {
    codes: /SELF_SIGNED/,
    fault: "self_signed",
    text: "HOST, or a proxy on the way, shows a certificate that nobody known has signed",
    hint: OWN_AUTHORITY,
  },
  {
    codes: /UNABLE_TO_(?:VERIFY|GET_ISSUER)/,
    fault: "unknown_authority",
    text: "HOST, or a proxy on the way, shows a certificate of an unknown authority",
    hint: OWN_AUTHORITY,
  },
  {
    codes: /EPROTO|^ERR_SSL|WRONG_VERSION/,
    fault: "no_tls",
    text: "no TLS connection to HOST came about",
    hint: 'check the address; does the server want "--cert"?',
  },
  {
    codes: /CERT|^ERR_TLS/,
    fault: "not_accepted",
    text: "the certificate of HOST is not accepted",
    hint: OWN_AUTHORITY,
  },
];
