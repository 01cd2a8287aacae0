import { bundleText } from "../app/doctor/bundle.ts";
import type { Report } from "../app/doctor/report.ts";
import { BridgeError } from "../platform/errors.ts";
import { knownHome } from "../platform/paths.ts";
import { writeNewPrivateFile } from "../platform/private_files.ts";
import { printLine } from "./print.ts";

/**
 * Sees to it, before anything is looked at, that a report for others takes no file's place.
 *
 * @throws {BridgeError} `bad_argument`
 */
export async function ensureNew(file: string): Promise<void> {
  const { lstatSync } = await import("node:fs");
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) throw isThere(file);
}

/**
 * Writes a report for others into a new file that only the user may read.
 *
 * @throws {BridgeError} `bad_argument`, `unreadable_file`
 */
export async function writeBundle(file: string, report: Report, masksHosts: boolean): Promise<void> {
  const { resolve } = await import("node:path");
  const surroundings = { platform: process.platform, env: process.env };
  const home = knownHome(surroundings);
  const text = bundleText(report, { ...surroundings, home, masksHosts, now: Date.now() });
  try {
    await writeNewPrivateFile(resolve(file), new TextEncoder().encode(text));
  } catch (cause) {
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") throw isThere(file);
    throw new BridgeError("unreadable_file", `cannot write ${JSON.stringify(file)} (${code})`, {
      hint: "name another file",
      cause,
    });
  }
  printLine(`the report is in ${JSON.stringify(file)}: read it through before you hand it on`);
}

function isThere(file: string): BridgeError {
  return new BridgeError("bad_argument", `${JSON.stringify(file)} is there already`, { hint: "name a new file" });
}
