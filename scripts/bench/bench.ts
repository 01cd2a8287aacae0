/** What every figure gets: who takes part, the far end, how thorough to be, and the processes to clean up. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contestant, Name } from "./contestants.ts";
import { initialize, sayInitialized } from "./conversation.ts";
import { type FarEnd, type Place, startFarEnd } from "./far_end.ts";
import type { Progress } from "./progress.ts";
import type { Row } from "./row.ts";
import { startStdioClient, type StdioClient } from "./stdio_client.ts";

/** A figure, which may be several rows when one measurement shows them. */
export interface Figure {
  /** The word for `--only`. */
  readonly id: string;
  measure(bench: Bench): Promise<Row[]>;
}

/** A run of the bench. */
export interface Bench {
  readonly contestants: readonly Contestant[];
  readonly farEnd: FarEnd;
  readonly quick: boolean;
  readonly progress: Progress;
  /** Starts a contestant in front of the far end by Streamable HTTP, or of the server at `place`. */
  start(contestant: Contestant, place?: Place): StdioClient;
  /** Kills every process that was started and still runs. */
  killAll(): Promise<void>;
  /** Ends the run: all processes, the far end, the temporary homes. */
  end(): Promise<void>;
}

/** A contestant whose handshake is done. */
export interface Lane {
  readonly name: Name;
  readonly client: StdioClient;
}

// Long enough for the slowest start on a busy machine, and for the longest slot of a figure.
const LIMIT = 30_000;

/** Opens a run: starts the far end and makes a temporary home for each contestant. */
export async function openBench(
  contestants: Contestant[],
  quick: boolean,
  progress: Progress,
): Promise<Bench> {
  const homes = mkdtempSync(join(tmpdir(), "mcp-bridge-bench-"));
  const farEnd = await startFarEnd();
  const running = new Set<StdioClient>();
  let over = false;

  async function killAll(): Promise<void> {
    await Promise.all([...running].map((client) => client.close(0)));
  }
  return {
    contestants,
    farEnd,
    quick,
    progress,
    start(contestant: Contestant, place = farEnd.places.http): StdioClient {
      if (over) throw new Error("the run is over");
      const env = { ...environment(join(homes, contestant.name)), ...contestant.env };
      const client = startStdioClient(contestant.command(place), env);
      running.add(client);
      client.exited.then(() => running.delete(client));
      return client;
    },
    killAll,
    async end(): Promise<void> {
      over = true;
      await killAll();
      await farEnd.stop();
      rmSync(homes, { recursive: true, force: true });
    },
  };
}

/** Nothing of the caller's environment but the search path: no proxy, no real home, no display for a browser. */
function environment(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    MCP_BRIDGE_HOME: join(home, "mcp-bridge"),
    MCP_REMOTE_CONFIG_DIR: join(home, "mcp-remote"),
  };
}

/** Starts all contestants that can go there, one after the other, and does the handshake with each. */
export async function connectAll(bench: Bench, place = bench.farEnd.places.http): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (const contestant of bench.contestants.filter(({ ways }) => ways.includes(place.way))) {
    const lane = await attempt(bench, contestant.name, () => connect(bench, contestant, place));
    if (lane !== undefined) lanes.push(lane);
  }
  return lanes;
}

/** Starts a contestant, does the handshake and leaves it the time to open its GET stream. */
export async function connect(bench: Bench, contestant: Contestant, place?: Place): Promise<Lane> {
  const client = bench.start(contestant, place);
  await initialize(client);
  sayInitialized(client);
  await Bun.sleep(300);
  return { name: contestant.name, client };
}

/**
 * Runs a slot for every contestant in every round, in turning order, so that a drift of the machine meets all of them
 * alike. Rounds of warm-up go first and are not returned. A contestant that fails is reported and left out from then.
 */
export async function interleave<Key extends string, Item extends { readonly name: Key }, Sample>(
  bench: Bench,
  items: readonly Item[],
  rounds: number,
  slot: (item: Item) => Promise<Sample>,
  warmUp = 1,
): Promise<Map<Item["name"], Sample[]>> {
  const samples = new Map<Item["name"], Sample[]>(items.map(({ name }) => [name, []]));
  for (let round = 1 - warmUp; round <= rounds; round++) {
    for (let turn = 0; turn < items.length; turn++) {
      const item = items[(round + warmUp + turn) % items.length]!;
      const taken = samples.get(item.name);
      if (taken === undefined) continue;
      bench.progress.step(`round ${round} of ${rounds}, ${item.name}`);
      const sample = await attempt(bench, item.name, () => slot(item));
      if (sample === undefined) samples.delete(item.name);
      else if (round > 0) taken.push(sample);
    }
  }
  return samples;
}

/** Runs a step for one contestant under the limit for steps; a failure is reported, and undefined returned. */
export async function attempt<Value>(
  bench: Bench,
  name: string,
  step: () => Promise<Value>,
): Promise<Value | undefined> {
  let timer: Timer | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LIMIT / 1000} s`)), LIMIT);
  });
  try {
    return await Promise.race([step(), limit]);
  } catch (error) {
    bench.progress.warn(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
