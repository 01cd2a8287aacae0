/**
 * Checks that the rooms of `src/` import downwards only. Rooms on one level never import each other;
 * `app/compose.ts` alone may name any room below it, which the levels already allow.
 */
import { dirname, join, relative, resolve } from "node:path";

/** The rooms by level, the highest first. */
export const LEVELS: readonly (readonly string[])[] = [
  ["main.ts"],
  ["cli"],
  ["app", "serve"],
  ["bridge", "registry"],
  ["transport", "auth"],
  ["vault", "net"],
  ["platform"],
];

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

function roomOf(path: string): string {
  return path.split("/")[0]!;
}

function levelOf(room: string): number {
  return LEVELS.findIndex((rooms) => rooms.includes(room));
}

/** Lists what is wrong with the imports of one file; `path` is relative to `src/`, with forward slashes. */
export function faultsOf(path: string, text: string): string[] {
  const room = roomOf(path);
  const level = levelOf(room);
  if (level < 0) return [`${path}: '${room}' is no room of src/`];
  const faults: string[] = [];
  for (const [, specifier] of text.matchAll(IMPORT)) {
    const target = join(dirname(path), specifier!).replaceAll("\\", "/");
    const other = roomOf(target);
    const composes = path === "app/compose.ts";
    if (target.startsWith("..")) faults.push(`${path}: imports '${specifier}' from outside src/`);
    else if (other !== room && levelOf(other) < level) {
      faults.push(`${path}: imports upwards from '${other}'`);
    } else if (other !== room && levelOf(other) === level && !composes) {
      faults.push(`${path}: imports '${other}', which stands on its own level`);
    }
  }
  return faults;
}

/** Reads every file below `src` and lists what is wrong, in the order of paths. */
export async function faultsBelow(src: string): Promise<string[]> {
  const faults: string[] = [];
  const files = [...new Bun.Glob("**/*.ts").scanSync(src)].map((file) => file.replaceAll("\\", "/")).sort();
  for (const file of files) {
    faults.push(
      ...faultsOf(
        relative(src, resolve(src, file)).replaceAll("\\", "/"),
        await Bun.file(join(src, file)).text(),
      ),
    );
  }
  return faults;
}

if (import.meta.main) {
  const faults = await faultsBelow(join(import.meta.dir, "..", "src"));
  for (const fault of faults) console.error(fault);
  process.exit(faults.length === 0 ? 0 : 1);
}
