/** A clock whose hands a test turns. */
import type { Clock, Timer } from "../../src/platform/clock.ts";

interface Alarm {
  at: number;
  fire: () => void;
}

/** Time that passes only when the test says so. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  #alarms: Alarm[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Timer {
    const alarm = { at: this.#now + Math.max(ms, 0), fire };
    this.#alarms.push(alarm);
    return { cancel: () => this.#alarms = this.#alarms.filter((other) => other !== alarm) };
  }

  /** Lets `ms` pass, firing what is due in its order, with the work in between that it sets off. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#alarms.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#alarms = this.#alarms.filter((alarm) => alarm !== next);
      next.fire();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /** The machine sleeps for `ms`: the wall clock moves and nothing fires. */
  sleep(ms: number): void {
    this.#now += ms;
    for (const alarm of this.#alarms) alarm.at = Math.max(alarm.at, this.#now);
  }
}

/** Lets all work go on that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
