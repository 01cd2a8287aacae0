import { isTerminal } from "./colour.ts";
import { showStatus } from "./print.ts";

/** What a person is told while something takes its time. */
export interface Waiting {
  /** Says what is being waited for; lower case, no full stop, a server's text made safe. */
  say(text: string): void;
  /** Takes the line away while the person is asked something; the function that is given puts it back. */
  hide(): () => void;
}

/** Who waits for less is told nothing, in ms. */
const NOTICED_AFTER_MS = 1_000;
const TICK_MS = 200;
const SIGNS = ["-", "\\", "|", "/"];
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;

const SILENT: Waiting = { say: () => {}, hide: () => () => {} };

/**
 * Does something that a person waits for. From the first second on, a line on standard error says what is waited for
 * and for how long, where that is a terminal; nothing of it is left at the end.
 */
export async function whileWaiting<Outcome>(
  text: string,
  work: (waiting: Waiting) => Promise<Outcome>,
): Promise<Outcome> {
  const isShown = process.env["TERM"] !== "dumb" && await isTerminal("stderr");
  const line = isShown ? new WaitingLine(text) : undefined;
  // Where only timers are left that hold nothing, the runtime turns round and round until they fire.
  const hold = setInterval(() => {}, 3_600_000);
  try {
    return await work(line ?? SILENT);
  } finally {
    clearInterval(hold);
    line?.end();
  }
}

/** Takes the line away for as long as there is a reason: something waits for the person. */
export function whileHidden(waiting: Waiting): (reason: unknown) => void {
  let show: (() => void) | undefined;
  return (reason) => {
    if (reason !== undefined) return void (show ??= waiting.hide());
    show?.();
    show = undefined;
  };
}

class WaitingLine implements Waiting {
  readonly #since = performance.now();
  readonly #ticking: ReturnType<typeof setInterval>;
  #text: string;
  #hidden = 0;
  #turn = 0;

  constructor(text: string) {
    this.#text = text;
    this.#ticking = setInterval(() => this.#show(), TICK_MS);
    this.#ticking.unref();
  }

  say(text: string): void {
    // Shown with the next turn: a server may tell of its progress a thousand times a second.
    this.#text = text;
  }

  hide(): () => void {
    this.#hidden++;
    showStatus(undefined);
    return () => {
      this.#hidden--;
    };
  }

  end(): void {
    clearInterval(this.#ticking);
    showStatus(undefined);
  }

  #show(): void {
    const waited = performance.now() - this.#since;
    if (this.#hidden > 0 || waited < NOTICED_AFTER_MS) return;
    const sign = SIGNS[this.#turn++ % SIGNS.length]!;
    // One column stays free: some terminals go on to the next line when the last one is written.
    const room = (process.stderr.columns || COLUMNS) - 1;
    const rest = ` (${Math.floor(waited / 1_000)} s)`;
    showStatus(`${sign} ${clipped(this.#text, room - rest.length - 2)}${rest}`);
  }
}

function clipped(text: string, room: number): string {
  if (Bun.stringWidth(text) <= room) return text;
  let clip = text.slice(0, Math.max(0, room));
  while (Bun.stringWidth(clip) > room - 3 && clip !== "") clip = clip.slice(0, -1);
  return `${clip}...`;
}
