/** What a build says of itself, so that it is the same for the same sources: nothing of the clock or of the machine. */

/** The system that the compiler builds for where it is told nothing else. */
const OWN_TARGET = `bun-${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/**
 * The details that are known of the sources in `folder`, by the names that the executable has for them; `target` is the
 * compiler's name of the system that it is built for.
 */
export function buildDetails(folder: string, target: string = OWN_TARGET): Record<string, string> {
  const commit = git(folder, "rev-parse", "HEAD");
  // Sources without their history, as in an archive, do not say which commit they are.
  if (commit === undefined) return { BUILD_TARGET: target };
  const isChanged = git(folder, "status", "--porcelain", "--untracked-files=no", "--", "src", "package.json") !== "";
  const date = git(folder, "show", "--no-patch", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "--format=%cd", commit);
  return { BUILD_COMMIT: isChanged ? `${commit}+` : commit, BUILD_DATE: date!, BUILD_TARGET: target };
}

function git(folder: string, ...words: string[]): string | undefined {
  try {
    const { success, stdout } = Bun.spawnSync(["git", "-C", folder, ...words], {
      env: { ...process.env, TZ: "UTC" },
      stderr: "ignore",
    });
    return success ? stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}
