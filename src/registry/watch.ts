import { type Clock, systemClock } from "../platform/clock.ts";
import { type BridgeError, toBridgeError } from "../platform/errors.ts";
import type { Registry } from "./entry.ts";
import { readText } from "./file.ts";
import { EMPTY_REGISTRY, parseRegistry } from "./registry.ts";

/** What has become of the file: other servers, or a fault that leaves those in place that were. */
export type RegistryNews =
  | { readonly kind: "registry"; readonly registry: Registry }
  | { readonly kind: "broken"; readonly error: BridgeError };

/** How often the file is looked at, in ms. Looking works where the system's notices do not: links, network drives. */
const LOOK_MS = 1_000;

/**
 * Tells what stands in the file now, and again whenever that changes, until `signal` aborts. What is broken or gone is
 * told only if it still is a look later: an editor may be in the middle of writing. Keeps no process alive.
 */
export function watchRegistry(
  file: string,
  onchange: (news: RegistryNews) => void,
  signal: AbortSignal,
  clock: Clock = systemClock,
): void {
  if (signal.aborted) return;
  let [stamp, told, isDoubtful]: [string | undefined, string | undefined, boolean] = [undefined, undefined, false];
  const isOver = (): boolean => signal.aborted;
  async function look(): Promise<void> {
    const next = await stampOf(file);
    if (isOver()) return;
    const isFirst = stamp === undefined;
    if (next !== stamp || isDoubtful) {
      const mayBeInTheMiddle = !isFirst && next !== stamp;
      stamp = next;
      const found = await read(file);
      if (isOver()) return;
      isDoubtful = found.isDoubtful && mayBeInTheMiddle;
      if (!isDoubtful && found.says !== told) {
        told = found.says;
        onchange(found.news);
      }
    }
    timer = clock.after(LOOK_MS, () => void look());
  }
  let timer = clock.after(0, () => void look());
  signal.addEventListener("abort", () => timer.cancel(), { once: true });
}

interface Found {
  readonly news: RegistryNews;
  /** Tells it from other news. */
  readonly says: string;
  /** Whether it may be a file that is being written. */
  readonly isDoubtful: boolean;
}

async function read(file: string): Promise<Found> {
  try {
    const text = await readText(file);
    if (text === undefined) return { news: { kind: "registry", registry: EMPTY_REGISTRY }, says: "", isDoubtful: true };
    return {
      news: { kind: "registry", registry: await parseRegistry(text, file) },
      says: `=${text}`,
      isDoubtful: false,
    };
  } catch (thrown) {
    const error = toBridgeError(thrown);
    return { news: { kind: "broken", error }, says: `!${error.message}`, isDoubtful: true };
  }
}

/** What differs when the file does, wherever it is kept; a file that takes its place is another one. */
async function stampOf(file: string): Promise<string> {
  const { stat } = await import("node:fs/promises");
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code ?? "unknown";
  }
}
