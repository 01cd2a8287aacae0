import { freePort } from "../../../test/harness/free_port.ts";
import { ManyMcp } from "../../../test/harness/many_mcp.ts";
import { attempt, type Figure } from "../bench.ts";
import { openSession } from "../endpoints/http_client.ts";
import { startServe } from "../endpoints/start.ts";
import { executableOf, measureOurs } from "../ours.ts";
import { ownRow } from "../row.ts";

const NAMES = Array.from({ length: 100 }, (_, index) => `s${index}`);
const DEAD = NAMES.slice(20, 25);
const SLOW = NAMES.slice(60, 65);
const SLOW_MS = 30_000;

/** How long the list of many servers takes when some of them are not there, and some do not answer. */
export const crowd: Figure = {
  id: "crowd",
  measure: (bench) =>
    measureOurs(bench, async (ours, folder) => {
      const seconds = await attempt(bench, "serve", () => secondsOfList(executableOf(ours), folder));
      return [ownRow("tools/list of 100 servers, 5 of them dead and 5 silent, s", seconds, "at most", 5)];
    }),
};

/** Throws unless the living are all there. */
async function secondsOfList(executable: string, folder: string): Promise<number> {
  const closed = `http://127.0.0.1:${await freePort()}/mcp`;
  using many = new ManyMcp(SLOW, SLOW_MS);
  const servers = Object.fromEntries(
    NAMES.map((name) => [name, { url: DEAD.includes(name) ? closed : many.url(name) }]),
  );
  await using serve = await startServe(executable, folder, servers, "/mcp");
  const session = await openSession(serve.url, serve.token);
  const begin = performance.now();
  const [answer] = await session.answers("tools/list");
  const seconds = (performance.now() - begin) / 1_000;
  const living = NAMES.length - DEAD.length - SLOW.length;
  const { tools = [] } = (answer?.result ?? {}) as { tools?: unknown[] };
  if (tools.length !== living) throw new Error(`${tools.length} tools came of ${living}`);
  return seconds;
}
