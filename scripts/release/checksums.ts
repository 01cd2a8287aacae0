/** SHA256SUMS, as `sha256sum --check` reads it. */
import { createReadStream, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The name of the file. */
export const SUMS = "SHA256SUMS";

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of createReadStream(file)) hasher.update(chunk);
  return hasher.digest("hex");
}

/** Writes the checksums of all files in `folder` beside them. */
export async function writeSums(folder: string): Promise<void> {
  const names = readdirSync(folder).filter((name) => name !== SUMS).sort();
  const lines: string[] = [];
  for (const name of names) lines.push(`${await sha256Of(join(folder, name))}  ${name}\n`);
  writeFileSync(join(folder, SUMS), lines.join(""));
}

/** The checksums in `folder` by the name of the file. Throws on a line that is none, or names a file elsewhere. */
export function readSums(folder: string): Map<string, string> {
  const lines = readFileSync(join(folder, SUMS), "utf8").split("\n").slice(0, -1);
  return new Map(lines.map((line) => {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined || basename(name) !== name) {
      throw new Error(`${SUMS} has a line that is no checksum: ${JSON.stringify(line)}`);
    }
    return [name, sum];
  }));
}
