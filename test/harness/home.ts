/** A folder that stands in for the user's home, so that a process under test meets no state and leaves none. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a process cannot do without, by names in capitals. */
const KEPT = new Set(["PATH", "PATHEXT", "SYSTEMROOT", "COMSPEC", "WINDIR", "USERNAME", "USERDOMAIN"]);
const FOLDERS = ["HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP", "TMPDIR"];

/** A temporary home folder and the environment that keeps a process in it. Disposing it removes the folder. */
export class Home implements Disposable {
  /** Where the folder is. */
  readonly folder: string = mkdtempSync(join(tmpdir(), "mcp-bridge-home-"));
  /** The whole environment for a process that lives here. */
  readonly env: Record<string, string>;

  /** Makes the folder. */
  constructor() {
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries(process.env)) {
      if (value !== undefined && KEPT.has(name.toUpperCase())) env[name] = value;
    }
    for (const name of FOLDERS) env[name] = this.folder;
    this.env = { ...env, MCP_BRIDGE_HOME: join(this.folder, "mcp-bridge") };
  }

  /** Removes the folder with all that is in it. */
  [Symbol.dispose](): void {
    // On Windows a process that has just ended can hold its files a moment longer.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
