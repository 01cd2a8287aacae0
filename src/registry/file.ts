import { BridgeError } from "../platform/errors.ts";
import { foldersOf, type Surroundings } from "../platform/paths.ts";
import { readPrivateFile } from "../platform/private_files.ts";
import { lookAt } from "../platform/short_look.ts";
import { whereKept } from "./kept_file.ts";

/** As large as the file may be, in bytes. */
const LARGEST = 8 * 1_048_576;

/**
 * Where the servers are listed: in the folder of what a person may edit.
 *
 * @throws {BridgeError} `no_home`
 */
export function registryFile(surroundings: Surroundings): string {
  return `${foldersOf(surroundings).config}${surroundings.platform === "win32" ? "\\" : "/"}servers.json`;
}

/**
 * The text of the file, wherever links lead; nothing where there is none. It may begin with a mark of the byte order. Where `isShort`, a
 * short look may decide that nobody else can have written it.
 *
 * @throws {BridgeError} `bad_registry`, `unreadable_file`, `unsafe_file`
 */
export async function readText(file: string, { isShort = false } = {}): Promise<string | undefined> {
  let bytes: Uint8Array | undefined;
  try {
    bytes = (isShort ? await readShortly(file) : undefined) ?? await readKept(file);
  } catch (cause) {
    if (cause instanceof BridgeError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("unreadable_file", `cannot read ${JSON.stringify(file)} (${code})`, {
      hint: "see that it is a file that you may read",
      cause,
    });
  }
  if (bytes === undefined) return undefined;
  if (bytes.length > LARGEST) throw unfit(file, `is larger than ${LARGEST / 1_048_576} MiB`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unfit(file, "is no text in UTF-8");
  }
}

/** The bytes of a file by a short look; nothing where that leaves doubt, or there is none. */
async function readShortly(file: string): Promise<Uint8Array | undefined> {
  const folder = file.slice(0, Math.max(file.lastIndexOf("/"), 1));
  return await lookAt(folder, file, "file") === "ours" ? await Bun.file(file).bytes() : undefined;
}

async function readKept(file: string): Promise<Uint8Array | undefined> {
  const { path, isSystems } = await whereKept(file);
  return isSystems ? await Bun.file(path).bytes() : await readPrivateFile(path);
}

function unfit(file: string, fault: string): BridgeError {
  return new BridgeError("bad_registry", `${JSON.stringify(file)} ${fault}`, {
    hint: "move it out of the way, and begin a new one",
  });
}
