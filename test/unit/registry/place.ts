/** A folder of its own with a file of servers. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Disposing it removes the folder. */
export class RegistryPlace implements Disposable {
  readonly folder: string = mkdtempSync(join(realpathSync(tmpdir()), "mcp-bridge-registry-"));
  readonly file: string = join(this.folder, "servers.json");

  constructor(text?: string | Uint8Array) {
    if (text !== undefined) this.write(text);
  }

  /** Puts a text into the file, as an editor would that knows nothing of atomic writes. */
  write(text: string | Uint8Array): void {
    writeFileSync(this.file, text);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
