/**
 * Measures mcp-bridge beside a byte pipe and mcp-remote, all in one run: `bun run bench [--quick] [--only FIGURE]
 * [--strict] [--bridge FILE] [--against FILE]`. `--bridge` measures another executable in our column, `--against` one
 * more beside it. `--readme` puts the last whole run into the README instead.
 *
 * Plain values differ from machine to machine and from hour to hour; the targets are ratios within one run wherever
 * that is possible. A whole run leaves `dist/bench.json`; `--strict` makes a missed target an error.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Bench, type Figure, openBench } from "./bench.ts";
import { type Contestant, type Executables, prepareContestants } from "./contestants.ts";
import { answers } from "./figures/answers.ts";
import { attach } from "./figures/attach.ts";
import { oneCall } from "./figures/call.ts";
import { crowd } from "./figures/crowd.ts";
import { endpoint } from "./figures/endpoint.ts";
import { ends } from "./figures/ends.ts";
import { large } from "./figures/large.ts";
import { memory } from "./figures/memory.ts";
import { messages } from "./figures/messages.ts";
import { push } from "./figures/push.ts";
import { restart } from "./figures/restart.ts";
import { sessions } from "./figures/sessions.ts";
import { start } from "./figures/start.ts";
import { throughput } from "./figures/throughput.ts";
import { token } from "./figures/token.ts";
import { translation } from "./figures/translation.ts";
import { words } from "./figures/words.ts";
import { describeMachine } from "./machine.ts";
import { createProgress } from "./progress.ts";
import { asText, inReadme, judged, type Report } from "./report.ts";
import type { Row } from "./row.ts";

const FIGURES: readonly Figure[] = [
  start,
  oneCall,
  throughput,
  ends,
  push,
  memory,
  large,
  sessions,
  messages,
  answers,
  token,
  translation,
  endpoint,
  crowd,
  restart,
  attach,
  words,
];
const ROOT = join(import.meta.dir, "..", "..");
const REPORT = join(ROOT, "dist", "bench.json");
const README = join(ROOT, "README.md");

interface Options extends Executables {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly strict: boolean;
  readonly readme: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      strict: { type: "boolean", default: false },
      readme: { type: "boolean", default: false },
      bridge: { type: "string" },
      against: { type: "string" },
    },
  });
  return values;
}

function chosenFigures(only: readonly string[]): readonly Figure[] {
  const unknown = only.find((id) => FIGURES.every((figure) => figure.id !== id));
  if (unknown !== undefined) {
    throw new Error(
      `no figure is called '${unknown}': choose from ${FIGURES.map(({ id }) => id).join(", ")}`,
    );
  }
  return only.length === 0 ? FIGURES : FIGURES.filter(({ id }) => only.includes(id));
}

async function measure(figures: readonly Figure[], bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const figure of figures) {
    bench.progress.figure(figure.id);
    rows.push(...await figure.measure(bench));
    await bench.killAll();
  }
  return rows;
}

async function run(figures: readonly Figure[], contestants: Contestant[], quick: boolean): Promise<Report> {
  const machine = describeMachine();
  const progress = createProgress(process.stderr);
  if (machine.load > machine.cores / 2) {
    progress.warn(
      `the machine is busy (load ${machine.load} on ${machine.cores} cores): what is measured now says little`,
    );
  }
  const begin = performance.now();
  const bench = await openBench(contestants, quick, progress);
  const interrupted = Promise.withResolvers<never>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => interrupted.reject(new Error(`ended by ${signal}`)));
  }
  try {
    const rows = await Promise.race([measure(figures, bench), interrupted.promise]);
    const tookPart = contestants.some(({ name }) => name === "mcp-bridge");
    const seconds = Math.round((performance.now() - begin) / 1000);
    const versions = Object.fromEntries(contestants.map(({ name, version }) => [name, version]));
    return { machine, mode: quick ? "quick" : "full", seconds, versions, rows: judged(rows, tookPart) };
  } finally {
    await bench.end();
    progress.done();
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options.readme) {
    if (!existsSync(REPORT)) throw new Error('there is no whole run yet: run "bun run bench" first');
    await Bun.write(README, inReadme(await Bun.file(README).text(), await Bun.file(REPORT).json()));
    console.log("the README has the figures of the last run");
    return 0;
  }
  if (process.platform !== "linux") throw new Error("the bench reads /proc, which only Linux has");
  const figures = chosenFigures(options.only);
  const contestants = prepareContestants(options);
  if (contestants.every(({ name }) => name !== "mcp-bridge")) {
    console.error("bench: there is no mcp-bridge to measure yet, so its column stays empty");
  }
  const report = await run(figures, contestants, options.quick);
  // A part of a run must not pass for the whole of it, nor another executable for ours.
  const publishable = figures.length === FIGURES.length && options.bridge === undefined &&
    options.against === undefined;
  if (publishable) await Bun.write(REPORT, `${JSON.stringify(report, null, 2)}\n`);
  console.log(asText(report));
  const missed = report.rows.filter(({ verdict }) => verdict === "missed").length;
  return options.strict && missed > 0 ? 1 : 0;
}

try {
  process.exit(await main());
} catch (error) {
  console.error(`bench: error: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
