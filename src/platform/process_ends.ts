/** Why the process should end, and with which exit code. */
export interface Ending {
  readonly exitCode: number;
}

const SIGNALS: readonly [name: NodeJS.Signals, number: number][] = [["SIGINT", 2], ["SIGTERM", 15], [
  "SIGHUP",
  1,
]];

/** How often the parent is looked for, in ms. */
const PARENT_POLL_MS = 2_000;

/**
 * Calls `onend` once when a signal asks the process to end (exit code 128 + its number), or when the parent is gone:
 * whoever started us may die without closing our input where another process holds the other side of the pipe. What
 * serves others may outlive its parent.
 */
export function watchForEnd(onend: (ending: Ending) => void, { outlivesParent = false } = {}): void {
  let over = false;
  function end(exitCode: number): void {
    if (over) return;
    over = true;
    clearInterval(poll);
    onend({ exitCode });
  }
  for (const [name, number] of SIGNALS) process.on(name, () => end(128 + number));
  const parent = process.ppid;
  const poll = setInterval(() => {
    if (!outlivesParent && process.ppid !== parent) end(0);
  }, PARENT_POLL_MS);
  poll.unref();
}

/** Carries out what is not to be left half done: a signal that asks the process to end is heard once `work` has ended. */
export async function uninterrupted<T>(work: () => Promise<T>): Promise<T> {
  const heard = new Set<NodeJS.Signals>();
  const listeners = SIGNALS.map(([name]) => [name, (): void => void heard.add(name)] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  try {
    return await work();
  } finally {
    for (const [name, listener] of listeners) process.off(name, listener);
    for (const name of heard) process.kill(process.pid, name);
  }
}
