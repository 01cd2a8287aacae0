import type { Surroundings } from "./paths.ts";

const WRITABLE_BY_ALL = 0o002;

/** How this process runs; a test brings its own. */
export interface Running extends Surroundings {
  /** The file that runs. */
  readonly execPath: string;
  /** The main module. */
  readonly main: string;
  /** Where a file in a folder leads when all links are followed; throws where that is nowhere, or not to be relied on. */
  readonly realPath: (path: string, folder: string) => string;
}

/**
 * The whole path by which other programs start this executable; nothing where it runs from source. A link in `PATH` that
 * leads to it comes first: package managers replace the file behind it with each version.
 */
export function executablePath({ platform, env, execPath, main, realPath }: Running): string | undefined {
  const isWindows = platform === "win32";
  if (!/^(?:\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/i.test(main)) return undefined;
  for (const folder of (env.PATH ?? env.Path ?? "").split(isWindows ? ";" : ":")) {
    if (!(isWindows ? /^[a-z]:\\/i.test(folder) : folder.startsWith("/"))) continue;
    const path = isWindows ? `${folder}\\mcp-bridge.exe` : `${folder.replace(/\/$/, "")}/mcp-bridge`;
    try {
      if (realPath(path, folder) === execPath) return path;
    } catch {
      // There is none in this folder, or anybody may put another one there.
    }
  }
  return execPath;
}

/**
 * The whole path by which other programs start this executable; nothing where it runs from source. A folder that every
 * user may write to counts for nothing: what a client starts each day must not be for anybody to replace.
 */
export async function thisExecutable(surroundings: Surroundings): Promise<string | undefined> {
  const { realpathSync, statSync } = await import("node:fs");
  const realPath = (path: string, folder: string): string => {
    const isOpen = surroundings.platform !== "win32" && (statSync(folder).mode & WRITABLE_BY_ALL) !== 0;
    if (isOpen) throw new Error(`${folder} is open to all users`);
    return realpathSync(path);
  };
  return executablePath({ ...surroundings, execPath: process.execPath, main: Bun.main, realPath });
}
