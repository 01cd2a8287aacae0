import type { Socket } from "node:net";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { TlsSettings } from "./tls.ts";

/** One certificate that a server shows. */
export interface ShownCertificate {
  /** Its common name, else its organisation, as it was written. */
  readonly subject: string;
  /** Who signed it, in the same way; and that one's organisation. */
  readonly issuer: string;
  readonly organisation: string | undefined;
  /** From when and until when it counts, in ms. */
  readonly from: number;
  readonly until: number;
}

/** What a TLS connection shows before anything is sent on it. */
export interface Shown {
  /** `TLSv1.3` say. */
  readonly protocol: string;
  /** The server's own first, as far as it showed them or they are known. */
  readonly chain: readonly ShownCertificate[];
  /** The names that the server's own is for, as the runtime writes them. */
  readonly names: string;
  /** Why it is not accepted, by the runtime's code; nothing where it is. */
  readonly fault: string | undefined;
}

/** How deep a chain is looked into; real ones have four. */
const DEEPEST = 10;

/**
 * Makes a TLS connection on a socket and tells what the server shows, whether or not that is accepted; nothing is sent,
 * and the socket ends. Gives the runtime's code where no such connection comes about, `TIMEOUT` after `patience` ms.
 */
export async function shownBy(
  socket: Socket,
  hostname: string,
  tls: TlsSettings,
  patience: number,
): Promise<Shown | string> {
  const { connect, checkServerIdentity } = await import("node:tls");
  const { isIP } = await import("node:net");
  const { promise, resolve } = Promise.withResolvers<Shown | string>();
  const { rejectUnauthorized: _, ...files } = tls;
  const secured = connect({
    ...files,
    socket,
    host: hostname,
    ...(isIP(hostname) > 0 ? {} : { servername: hostname }),
    rejectUnauthorized: false,
  });
  const timer = setTimeout(() => resolve("TIMEOUT"), patience);
  secured.once("secureConnect", () => resolve(readShown(secured, hostname, checkServerIdentity)));
  secured.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
  secured.once("close", () => resolve("ECONNRESET"));
  const shown = await promise;
  clearTimeout(timer);
  secured.on("error", () => {});
  secured.destroy();
  return shown;
}

function readShown(
  socket: TLSSocket,
  hostname: string,
  checkServerIdentity: (hostname: string, certificate: DetailedPeerCertificate) => Error | undefined,
): Shown {
  const certificate = socket.getPeerCertificate(true);
  return {
    protocol: socket.getProtocol() ?? "unknown",
    chain: chainOf(certificate),
    names: certificate.subjectaltname ?? "",
    fault: faultOf(socket.authorizationError) ??
      (checkServerIdentity(hostname, certificate) === undefined ? undefined : "ERR_TLS_CERT_ALTNAME_INVALID"),
  };
}

/** The runtime gives a code where Node has an error. */
function faultOf(error: unknown): string | undefined {
  if (error === null || error === undefined) return undefined;
  return typeof error === "string" ? error : String((error as NodeJS.ErrnoException).code ?? error);
}

function chainOf(first: DetailedPeerCertificate): ShownCertificate[] {
  const chain: ShownCertificate[] = [];
  let next: DetailedPeerCertificate | undefined = first;
  while (next?.subject !== undefined && chain.length < DEEPEST) {
    chain.push(certificateOf(next));
    const issuer: DetailedPeerCertificate | undefined = next.issuerCertificate;
    next = issuer === next || issuer?.fingerprint256 === next.fingerprint256 ? undefined : issuer;
  }
  return chain;
}

type Name = { readonly CN?: string | string[]; readonly O?: string | string[] };

function certificateOf(
  { subject, issuer, valid_from: from, valid_to: until }: DetailedPeerCertificate,
): ShownCertificate {
  return {
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    organisation: first((issuer as Name | undefined)?.O),
    from: Date.parse(from),
    until: Date.parse(until),
  };
}

function nameOf(name: Name | undefined): string {
  return first(name?.CN) ?? first(name?.O) ?? "nobody named";
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
