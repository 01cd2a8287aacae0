/** What an image of `mcp-bridge serve` is built of, by `podman build` or `docker buildx build`. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./product.ts";
import { type Target, TARGETS } from "./targets.ts";

/** The processors by their names in images, with the targets for these. */
const PROCESSORS = { amd64: "linux-x64-baseline", arm64: "linux-arm64" } as const;

/** Writes the folder to build the image in; `executableOf` says where the executable of a target is. */
export function writeContainer(folder: string, executableOf: (target: Target) => string, licences: string): void {
  for (const [processor, name] of Object.entries(PROCESSORS)) {
    const file = join(folder, processor, "mcp-bridge");
    mkdirSync(join(folder, processor), { recursive: true });
    copyFileSync(executableOf(TARGETS.find((target) => target.name === name)!), file);
    chmodSync(file, 0o755);
  }
  mkdirSync(join(folder, "data"), { recursive: true });
  writeFileSync(join(folder, "data", ".keep"), "");
  writeFileSync(join(folder, "THIRD_PARTY_LICENSES.txt"), licences);
  copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  copyFileSync(join(import.meta.dir, "Containerfile"), join(folder, "Containerfile"));
}
