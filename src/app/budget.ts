import { Budget } from "../platform/budget.ts";

/** The bytes of messages that the process holds at most before reading waits. */
const BUFFER_BYTES = 64 * 1_048_576;

/** The memory for messages that all parts of a run share; see `Budget` for a run with one server and one client. */
export function openBudget(isForOne = false): Budget {
  return new Budget(BUFFER_BYTES, isForOne);
}
