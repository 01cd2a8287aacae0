/** A call that has ended, for who keeps account of such. */
import type { CallRecord } from "../../src/serve/watched.ts";

/** A tool's result after 3 ms, but for what `more` says. */
export function callRecord(at: number, more: Partial<CallRecord> = {}): CallRecord {
  return {
    client: "c 1",
    server: "a",
    account: "default",
    method: "tools/call",
    name: "t",
    at,
    ms: 3,
    outcome: "result",
    code: undefined,
    failure: undefined,
    request: undefined,
    ...more,
  };
}
