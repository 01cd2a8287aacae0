import { join } from "node:path";
import { type Bench, type Figure, interleave } from "../bench.ts";
import { openSession } from "../endpoints/http_client.ts";
import { openSseSession } from "../endpoints/sse_client.ts";
import { type RunningEndpoint, startBareProxy, startHub, startServe } from "../endpoints/start.ts";
import { median, middleRatio } from "../median.ts";
import { executableOf, measureOurs } from "../ours.ts";
import { residentMemory } from "../process_tree.ts";
import { ownRow, type Row } from "../row.ts";

const IN_FLIGHT = 64;
const SESSIONS = { few: 10, some: 100, many: 1_000 } as const;

/** What `mcp-bridge serve` costs: beside a bare proxy and mcp-hub before the same server, and for each session more. */
export const endpoint: Figure = {
  id: "endpoint",
  measure: (bench) =>
    measureOurs(bench, async (ours, folder) => {
      const target = bench.farEnd.places.http.words[0]!;
      let count = 0;
      const serve = (): Promise<RunningEndpoint> =>
        startServe(executableOf(ours), join(folder, `serve-${++count}`), { far: { url: target } });
      return [...await besideOthers(bench, serve, target, folder), ...await bySessions(bench, serve)];
    }),
};

async function besideOthers(
  bench: Bench,
  startOurs: () => Promise<RunningEndpoint>,
  target: string,
  folder: string,
): Promise<Row[]> {
  await using ours = await startOurs();
  await using bare = await startBareProxy(target, join(folder, "bare"));
  await using hub = await startHub(target, join(folder, "hub"));
  const lanes = [
    { name: "ours", call: (await openSession(ours.url, ours.token)).call },
    { name: "bare", call: (await openSession(bare.url, bare.token)).call },
    { name: "hub", call: await openSseSession(hub.url, "far__echo") },
  ] as const;
  const slot = bench.quick ? 300 : 1_000;
  const rounds = bench.quick ? 3 : 7;
  const times = await interleave(bench, lanes, rounds, ({ call }) => medianTime(call, slot));
  const rates = await interleave(bench, lanes, rounds, ({ call }) => rate(call, slot));
  return [
    ownRow("p50 of a call through serve, to a bare proxy", middleRatio(times, "ours", "bare"), "at most", 1.3),
    ownRow(
      "calls/s through serve, 64 in flight, to a bare proxy",
      middleRatio(rates, "ours", "bare"),
      "at least",
      0.75,
    ),
    ownRow("the same, to mcp-hub 4.2.1", middleRatio(rates, "ours", "hub"), "at least", 6),
  ];
}

async function bySessions(bench: Bench, startOurs: () => Promise<RunningEndpoint>): Promise<Row[]> {
  // Two of them, so that a drift of the machine meets few sessions and many alike.
  await using quiet = await startOurs();
  await using crowded = await startOurs();
  const few = await openMany(bench, quiet, [], SESSIONS.few);
  const some = await openMany(bench, crowded, [], SESSIONS.some);
  const before = residentMemory(crowded.pid);
  const many = await openMany(bench, crowded, some, SESSIONS.many);
  const kibibytes = (residentMemory(crowded.pid) - before) * 1_024 / (SESSIONS.many - SESSIONS.some);
  const lanes = [{ name: "few", call: inTurn(few) }, { name: "many", call: inTurn(many) }] as const;
  const slot = bench.quick ? 300 : 1_000;
  const times = await interleave(bench, lanes, bench.quick ? 3 : 7, ({ call }) => medianTime(call, slot));
  return [
    ownRow("memory of a session of serve, streams open on both sides, KiB", kibibytes, "at most", 32),
    ownRow("p50 of a call at 1000 sessions, to 10", middleRatio(times, "many", "few"), "at most", 1.3),
  ];
}

type Call = () => Promise<void>;

/** Opens sessions with their streams, beside those that there are, until there are `count`. */
async function openMany(bench: Bench, at: RunningEndpoint, open: readonly Call[], count: number): Promise<Call[]> {
  bench.progress.step(`${count} sessions`);
  const calls = [...open];
  while (calls.length < count) {
    const more = Math.min(10, count - calls.length);
    await Promise.all(Array.from({ length: more }, async () => {
      const session = await openSession(at.url, at.token);
      await session.listen();
      calls.push(session.call);
    }));
  }
  await Bun.sleep(1_500);
  return calls;
}

function inTurn(calls: readonly Call[]): Call {
  let next = 0;
  return () => calls[next++ % calls.length]!();
}

/** In ms. */
async function medianTime(call: () => Promise<void>, milliseconds: number): Promise<number> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const begin = performance.now();
    await call();
    times.push(performance.now() - begin);
  }
  return median(times);
}

async function rate(call: () => Promise<void>, milliseconds: number): Promise<number> {
  let count = 0;
  const begin = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (performance.now() - begin < milliseconds) {
      await call();
      count++;
    }
  }));
  return count / (performance.now() - begin) * 1_000;
}
