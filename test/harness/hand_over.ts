/** A sign-in whose process is killed while the page stands open. */
import type { Executable, Message } from "./executable.ts";
import type { FakeBrowser } from "./fake_browser.ts";

/**
 * Has `first` open the page and `second` wait for it, kills `first` before the person goes on, and gives what `second`
 * is answered in the end.
 */
export async function handOver(browser: FakeBrowser, first: Executable, second: Executable): Promise<Message> {
  const release = browser.hold();
  void first.initialize().catch(() => {});
  await browser.openings.find(() => true);
  const answer = second.initialize();
  await second.stderr.find((line) => line.includes("in the browser window that is open"));
  first.kill("SIGKILL");
  await first[Symbol.asyncDispose]();
  await second.stderr.find((line) => line.includes("in the browser window that is already open"));
  release();
  return await answer;
}
