/** Mixed traffic with faults against the executable, on stdio, as an endpoint and by way of it, for as long as wanted. */
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { Home } from "../harness/home.ts";
import { memory, ownMemory, peakMemory } from "../harness/memory.ts";
import { ServeExecutable } from "../harness/serve_executable.ts";
import { callByEndpoint, callByStdio, type Caller } from "./clients.ts";
import { type Growth, growth, type Sample } from "./growth.ts";
import { MoodyServer } from "./moody_server.ts";
import { Tally } from "./tally.ts";

/** How it stands. */
export interface Standing {
  readonly seconds: number;
  readonly made: number;
  readonly results: number;
  readonly errors: number;
  readonly cancelled: number;
  readonly lost: number;
  readonly doubled: number;
  /** What went wrong, at most a few. */
  readonly wrong: readonly string[];
  /** By process. */
  readonly memory: Readonly<Record<string, ProcessMemory>>;
}

/** The memory of a process, in bytes. */
export interface ProcessMemory {
  readonly now: number;
  /** The most so far. */
  readonly peak: number;
  /** How much more of its own it has in ten minutes; where there is enough to tell. */
  readonly growth: Growth | undefined;
}

const SAMPLE_MS = 1_000;
/** How long the last answers may take to come, in ms. */
const LAST_MS = 60_000;

/** Something befalls the network or the server every few hundred ms. */
const FAULTS: readonly ((proxy: ChaosProxy, server: MoodyServer) => void)[] = [
  (proxy) => proxy.cutAll(),
  (proxy) => proxy.chaos = { cutAfter: Math.floor(Math.random() * 2_000) },
  (proxy) => proxy.chaos = { cutAfter: Math.floor(Math.random() * 2_000), reset: true },
  (proxy) => proxy.chaos = { dripBytes: 64 },
  (_proxy, server) => server.forget(),
];

/** Runs for so long, and tells each second how it stands; then waits for the last answers, and gives the end. */
export async function soak(ms: number, tell: (standing: Standing) => void): Promise<Standing> {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(new Home());
  const server = stack.use(new MoodyServer());
  const proxies = [
    stack.use(await ChaosProxy.inFrontOf(server.port)),
    stack.use(await ChaosProxy.inFrontOf(server.port)),
  ];
  const serve = stack.use(await ServeExecutable.start({ moody: { url: proxies[1]!.url } }, { home }));
  const tally = new Tally();
  const callers: Record<string, Caller> = {
    connect: stack.use(callByStdio("s", home, proxies[0]!.url, tally, 16)),
    attached: stack.use(callByStdio("a", home, "moody", tally, 4)),
    serve: callByEndpoint(serve, "/mcp/moody", tally, 8),
  };
  const samples: Record<string, Sample[]> = Object.fromEntries(Object.keys(callers).map((name) => [name, []]));
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1_000;
  const trouble = setInterval(() => {
    for (const proxy of proxies) provoke(proxy, server);
  }, 400);
  while (performance.now() - start < ms && tally.lost.length + tally.doubled.length === 0) {
    await Bun.sleep(SAMPLE_MS);
    for (const [name, { pid }] of Object.entries(callers)) {
      samples[name]!.push({ seconds: seconds(), bytes: ownMemory(pid) });
    }
    tally.sweep();
    tell(standing(tally, callers, samples, seconds()));
  }
  clearInterval(trouble);
  for (const proxy of proxies) proxy.chaos = {};
  for (const caller of Object.values(callers)) caller.stop();
  const last = performance.now() + LAST_MS;
  while (tally.waiting > 0 && performance.now() < last) await Bun.sleep(50);
  tally.sweep(true);
  return standing(tally, callers, samples, seconds());
}

/** A fault, or half a second of peace. */
function provoke(proxy: ChaosProxy, server: MoodyServer): void {
  proxy.chaos = {};
  const fault = FAULTS[Math.floor(Math.random() * FAULTS.length * 2)];
  fault?.(proxy, server);
}

function standing(
  tally: Tally,
  callers: Readonly<Record<string, Caller>>,
  samples: Readonly<Record<string, readonly Sample[]>>,
  seconds: number,
): Standing {
  const { made, results, errors, cancelled, lost, doubled } = tally;
  return {
    seconds,
    made,
    results,
    errors,
    cancelled,
    lost: lost.length,
    doubled: doubled.length,
    wrong: [...lost.slice(0, 5), ...doubled.slice(0, 5)],
    memory: Object.fromEntries(
      Object.entries(samples).map(([name, its]) => {
        const { pid } = callers[name]!;
        return [name, { now: memory(pid), peak: peakMemory(pid), growth: growth(its) }];
      }),
    ),
  };
}
