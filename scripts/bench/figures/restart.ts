import { FakeMcp } from "../../../test/harness/fake_mcp.ts";
import { attempt, type Figure } from "../bench.ts";
import { openSession } from "../endpoints/http_client.ts";
import { startServe } from "../endpoints/start.ts";
import { executableOf, measureOurs } from "../ours.ts";
import { ownRow } from "../row.ts";

const SESSIONS = 8;
const IN_FLIGHT = 32;
/** How many results come before the server goes, and after it is back. */
const RESULTS = 200;
const GONE_MS = 1_000;
const PATIENCE_MS = 10_000;

/** What the clients of `serve` notice of a server that is restarted under load. */
export const restart: Figure = {
  id: "restart",
  measure: (bench) =>
    measureOurs(bench, async (ours, folder) => {
      const seen = await attempt(bench, "serve", () => underLoad(executableOf(ours), folder));
      return [
        ownRow("requests not answered once while their server is restarted", seen?.astray, "at most", 0),
        ownRow("first result after its return, s", seen?.seconds, "at most", 2),
      ];
    }),
};

async function underLoad(executable: string, folder: string): Promise<{ astray: number; seconds: number }> {
  using server = new FakeMcp();
  await using serve = await startServe(executable, folder, { far: { url: server.url } });
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => openSession(serve.url, serve.token)));
  let results = 0;
  let astray = 0;
  let isOver = false;
  async function lane(index: number): Promise<void> {
    // A call may do something, and is not sent again where that is in doubt: its client is told so.
    const method = index % 4 === 0 ? "tools/call" : "tools/list";
    const params = index % 4 === 0 ? { name: "x", arguments: {} } : {};
    while (!isOver) {
      const answers = await sessions[index % SESSIONS]!.answers(method, params);
      if (answers.length !== 1) astray++;
      if (answers[0]?.result !== undefined) results++;
    }
  }
  async function more(count: number): Promise<void> {
    const enough = results + count;
    const end = performance.now() + PATIENCE_MS;
    while (results < enough && performance.now() < end) await Bun.sleep(1);
    if (results < enough) throw new Error("the server is not met again");
  }
  const load = Promise.all(Array.from({ length: IN_FLIGHT }, (_, index) => lane(index)));
  // Of a lane that fails the figure hears where it waits for it.
  load.catch(() => {});
  try {
    await more(RESULTS);
    server.stop();
    await Bun.sleep(GONE_MS);
    server.restart();
    const back = performance.now();
    await more(1);
    const seconds = (performance.now() - back) / 1_000;
    await more(RESULTS);
    isOver = true;
    await load;
    return { astray, seconds };
  } finally {
    isOver = true;
  }
}
