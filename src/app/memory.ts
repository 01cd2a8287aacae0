import type { Memory } from "../bridge/handshake.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Notify } from "../platform/notice.ts";

/** A memory for the time of a run. */
export interface RunMemory extends Memory {
  /** Waits up to `deadline` ms for what is being written. */
  close(deadline: number): Promise<void>;
}

/** For servers of which nothing is kept. */
export const NO_MEMORY: RunMemory = {
  get: () => Promise.resolve(undefined),
  put: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** Where it is kept what runs learn of one server and account: JSON by name. What is damaged there is learnt anew. */
export interface MemoryPlace {
  read(): Promise<Readonly<Record<string, unknown>>>;
  /** Keeps one value beside the others. */
  write(name: string, value: unknown): Promise<void>;
}

/** What runs learn of one server and account. A place that is in trouble stops nobody, and the log says so once. */
export class KeptMemory implements RunMemory {
  readonly #place: MemoryPlace;
  readonly #notify: Notify;
  #writing: Promise<void> = Promise.resolve();
  #wasTold = false;

  constructor(place: MemoryPlace, notify: Notify) {
    this.#place = place;
    this.#notify = notify;
  }

  async get(name: string): Promise<unknown> {
    return await this.#quietly(async () => (await this.#place.read())[name]);
  }

  async put(name: string, value: unknown): Promise<void> {
    this.#writing = this.#writing.then(() => this.#quietly(() => this.#write(name, value))).catch(() => {});
    await this.#writing;
  }

  async close(deadline: number): Promise<void> {
    await Promise.race([this.#writing, Bun.sleep(deadline)]);
  }

  async #write(name: string, value: unknown): Promise<void> {
    if (!Bun.deepEquals((await this.#place.read())[name], value)) await this.#place.write(name, value);
  }

  async #quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      // A vault that was damaged as a whole is put aside, and that is told once: here, or nowhere.
      if (thrown instanceof BridgeError && thrown.code === "vault_damaged") throw thrown;
      if (this.#wasTold) return undefined;
      this.#wasTold = true;
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      this.#notify({ level: "debug", text: `nothing is remembered of the server: ${why}` });
      return undefined;
    }
  }
}
