import { BridgeError } from "../../platform/errors.ts";

/** As large as a file may be, in bytes. */
const LARGEST = 64 * 1_048_576;

/** What stands in a client's file. */
export interface ClientText {
  /** All of it, with the mark of the byte order if it has one. */
  readonly text: string;
  /** Where it is when all links are followed. */
  readonly target: string;
}

/**
 * The text of a client's file; nothing where there is none. Links are followed: people keep such files elsewhere.
 *
 * @throws {BridgeError} `bad_client_file` for what is no file, cannot be read, is too large or no text in UTF-8
 */
export async function readClientText(file: string): Promise<ClientText | undefined> {
  const { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } = await import("node:fs");
  let descriptor: number | undefined;
  try {
    // A pipe without a writer would hold us for ever.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unfit(file, "is no file");
    if (stats.size > LARGEST) throw unfit(file, `is larger than ${LARGEST / 1_048_576} MiB`);
    return { text: decode(readFileSync(descriptor), file), target: realpathSync(file) };
  } catch (cause) {
    if (cause instanceof BridgeError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    // A link that leads nowhere is no missing file: what it is for is for its owner to say.
    if (code === "ENOENT") {
      if (await isLink(file)) throw unfit(file, "is a link that leads nowhere", cause);
      return undefined;
    }
    throw unfit(file, `cannot be read (${code})`, cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unfit(file, "is no text in UTF-8");
  }
}

async function isLink(file: string): Promise<boolean> {
  const { lstatSync } = await import("node:fs");
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function unfit(file: string, fault: string, cause?: unknown): BridgeError {
  return new BridgeError("bad_client_file", `${JSON.stringify(file)} ${fault}`, {
    hint: "see that it is a file of yours; nothing was changed",
    cause,
  });
}
