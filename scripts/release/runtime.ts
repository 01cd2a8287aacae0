/** The runtime that goes into an executable: fetched by the compiler from the npm registry, and held against its checksum. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./product.ts";
import type { Target } from "./targets.ts";

/** Where runtimes are kept between builds, so that each is fetched once. */
export const RUNTIMES: string = join(ROOT, "node_modules", ".cache", "bun-runtimes");

/**
 * The file of a target's runtime in `cache`, fetched where it is not there. The compiler does not check what it fetches, so
 * that is done here, before anything is made of it.
 *
 * Throws where it cannot be fetched, and where it is not the one of the table; such a file is taken away.
 */
export function runtimeOf(target: Target, cache: string = RUNTIMES): string {
  mkdirSync(cache, { recursive: true });
  const file = join(cache, `${target.runtime}-v${Bun.version}`);
  if (!existsSync(file)) fetchRuntime(target, cache);
  // For its own system the compiler takes itself.
  const found = existsSync(file) ? file : process.execPath;
  const sha256 = new Bun.CryptoHasher("sha256").update(readFileSync(found)).digest("hex");
  if (sha256 === target.sha256) return found;
  if (found === file) rmSync(file);
  throw new Error(`the runtime of ${target.name} is not the one that was chosen: SHA-256 ${sha256} of ${found}`);
}

function fetchRuntime(target: Target, cache: string): void {
  const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-runtime-"));
  try {
    writeFileSync(join(folder, "empty.ts"), "");
    const outfile = join(folder, "empty");
    const build = Bun.spawnSync(
      [
        process.execPath,
        "build",
        "--compile",
        `--target=${target.bun}`,
        "--outfile",
        outfile,
        join(folder, "empty.ts"),
      ],
      { cwd: folder, env: { ...process.env, BUN_INSTALL_CACHE_DIR: cache }, stdout: "pipe", stderr: "pipe" },
    );
    if (!build.success) throw new Error(`cannot fetch the runtime of ${target.name}: ${build.stderr.toString()}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
