/**
 * The demo: `bun run demo`. A real client and a real server, both made with the official SDK, talk through the
 * executable, and each step is drawn with the time that it took. `demo/prepare.ts` runs before it.
 */
import { constants } from "node:os";
import { relative } from "node:path";
import { EXECUTABLE } from "./build.ts";
import { Page } from "./demo/page.ts";
import { StepFailure, tell } from "./demo/story.ts";

const page = new Page(process.stdout);
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interruption.abort(128 + constants.signals[signal]));
}
// Whoever read the page has gone, with `| head` perhaps.
process.stdout.on("error", () => interruption.abort(1));

process.exit(await play());

/** Tells the story and gives the exit code. */
async function play(): Promise<number> {
  try {
    await tell(page, EXECUTABLE, interruption.signal);
  } catch (failure) {
    if (interruption.signal.aborted) return interruption.signal.reason;
    page.error((failure as Error).message);
    if (failure instanceof StepFailure && failure.lastWords !== undefined) {
      page.hint(`the bridge said ${JSON.stringify(failure.lastWords)}`);
    }
    return 1;
  }
  page.gap();
  page.say("your turn", `make "${relative("", EXECUTABLE)} <url>" the command of a server in your client`);
  return 0;
}
