import type { Surroundings } from "./paths.ts";

/** How this process runs; a test brings its own. */
export interface Running extends Surroundings {
  /** The file that runs. */
  readonly execPath: string;
  /** The main module. */
  readonly main: string;
  /** Where a path leads when all links are followed; throws where it leads nowhere. */
  readonly realPath: (path: string) => string;
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
      if (realPath(path) === execPath) return path;
    } catch {
      // There is none in this folder.
    }
  }
  return execPath;
}
