import type { Clock } from "../../platform/clock.ts";
import type { Notify } from "../../platform/notice.ts";

const WINDOW_MS = 10_000;
const MOST_IN_WINDOW = 10;

/**
 * Hands notices on, of each text ten in ten seconds; the others are counted, and the count is told when the time is over.
 * Anybody on this machine can have requests refused, and nobody's log should be full of that.
 */
export function inFewWords(notify: Notify, clock: Clock): Notify {
  const counts = new Map<string, number>();
  return (notice) => {
    const { text, level } = notice;
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    if (count === 1) {
      clock.after(WINDOW_MS, () => {
        const more = counts.get(text)! - MOST_IN_WINDOW;
        counts.delete(text);
        if (more > 0) notify({ level, text: `${text}, and ${more} more in ${WINDOW_MS / 1_000} s` });
      });
    }
    if (count <= MOST_IN_WINDOW) notify(notice);
  };
}
