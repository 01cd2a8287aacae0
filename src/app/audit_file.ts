import { BridgeError } from "../platform/errors.ts";
import { openPrivateLog } from "../platform/private_files.ts";
import type { AuditFile } from "./compose.ts";

/**
 * Opens the file that the audit is written to, for this user alone.
 *
 * @throws {BridgeError} `unsafe_file`, `unreadable_file` where it cannot be written.
 */
export async function openAuditFile(path: string): Promise<AuditFile> {
  const { close, write } = await import("node:fs");
  let descriptor: number;
  try {
    descriptor = await openPrivateLog(path);
  } catch (thrown) {
    if (thrown instanceof BridgeError) throw thrown;
    const { code } = thrown as NodeJS.ErrnoException;
    throw new BridgeError("unreadable_file", `cannot write ${JSON.stringify(path)} (${code})`, {
      hint: 'name another file with "--audit FILE"',
      cause: thrown,
    });
  }
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        write(descriptor, bytes, (error, written) => error === null ? resolve(written) : reject(error));
      }),
    close: () => new Promise((resolve) => close(descriptor, () => resolve())),
  };
}
