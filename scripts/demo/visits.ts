import { Log } from "../../test/harness/log.ts";

/** One HTTP request as a server of the demo saw it, and how it answered. */
export interface Visit {
  readonly method: string;
  readonly path: string;
  /** The method of the JSON-RPC message in it. */
  readonly message: string | undefined;
  /** The session that the request named or that its answer began. */
  readonly session: string | undefined;
  /** Whether it carried a token. */
  readonly hasToken: boolean;
  /** When it came, on the clock of `performance.now()`. */
  readonly at: number;
  readonly status: number;
  /** The media type of the answer. */
  readonly type: string | undefined;
}

/** Longer than a step of the story may take. */
const PATIENCE_MS = 30_000;

/** All visits to a server, in the order of their answers. */
export class Visits extends Log<Visit> {
  /** The next visit that is like `wanted`, counted from this call on. */
  next(wanted: Partial<Visit>): Promise<Visit> {
    const traits = Object.entries(wanted) as [keyof Visit, unknown][];
    const place = this.items.length;
    return this.find((visit) => traits.every(([name, value]) => visit[name] === value), place, PATIENCE_MS);
  }
}
