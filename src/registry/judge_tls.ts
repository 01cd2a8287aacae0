import type { TlsEntry } from "./entry.ts";
import { EntryFault } from "./entry_fault.ts";
import { isWholePath } from "./whole_path.ts";

const FILES = ["ca", "cert", "key"] as const;

/**
 * What an entry says of certificates, in an order of ours.
 *
 * @throws {EntryFault} for a relative path, and a certificate without its key
 */
export function tlsOf(written: TlsEntry): TlsEntry {
  for (const name of FILES) {
    if (written[name] !== undefined && !isWholePath(written[name])) {
      throw new EntryFault(["tls", name], "is no whole path", "begin it with a slash, or with a drive");
    }
  }
  if ((written.cert === undefined) !== (written.key === undefined)) {
    const lone = written.cert === undefined ? "key" : "cert";
    throw new EntryFault(["tls", lone], `wants a "${lone === "key" ? "cert" : "key"}" beside it`);
  }
  const files = FILES.flatMap((name) => written[name] === undefined ? [] : [[name, written[name]]]);
  return { ...Object.fromEntries(files), ...(written.insecure === true ? { insecure: true } : {}) };
}
