/**
 * Mixed traffic with faults against the executable: `bun run soak [--minutes N]`, 30 by itself. Says how it stands while
 * it goes on, and ends with exit code 1 at an answer that is lost or comes twice, or when memory grows by more than 1 MiB
 * in 10 minutes, which takes 25 minutes to tell; also where collections hide whether it does.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Growth, verdictOf } from "../test/soak/growth.ts";
import { soak, type Standing } from "../test/soak/soak.ts";
import { compile, EXECUTABLE } from "./build.ts";

const MIB = 1_048_576;
const MOST_GROWTH = MIB;

const minutes = readMinutes();
if (!(minutes > 0)) {
  console.error("usage: bun run soak [--minutes N]");
  process.exit(2);
}
compile(join(import.meta.dir, "..", "src", "main.ts"), EXECUTABLE);

const isLive = process.stdout.isTTY === true && !process.env["NO_COLOR"];
let told = -Infinity;
const end = await soak(minutes * 60_000, (standing) => {
  if (!isLive && standing.seconds - told < 10) return;
  told = standing.seconds;
  process.stdout.write(isLive ? `\r\u001b[K${lineOf(standing)}` : `${lineOf(standing)}\n`);
});
process.stdout.write(`${isLive ? "\r\u001b[K" : ""}${lineOf(end)}\n`);

const faults = [...end.wrong];
for (const [name, { growth }] of Object.entries(end.memory)) {
  if (growth === undefined) continue;
  const verdict = verdictOf(growth, MOST_GROWTH);
  if (verdict === "grows") faults.push(`the memory of ${name} grows: ${trendOf(growth)}`);
  if (verdict === "unclear") {
    faults.push(`whether the memory of ${name} grows takes longer to tell: ${trendOf(growth)}`);
  }
}
if (Object.values(end.memory).some(({ growth }) => growth === undefined)) {
  console.log("whether memory grows was not judged: that takes 25 minutes");
}
for (const fault of faults) console.log(`wrong: ${fault}`);
process.exit(faults.length === 0 ? 0 : 1);

function lineOf({ seconds, made, errors, cancelled, lost, doubled, memory }: Standing): string {
  const time = new Date(seconds * 1_000).toISOString().slice(11, 19);
  const processes = Object.entries(memory).map(([name, { now, peak, growth }]) => {
    const trend = growth === undefined ? "" : `, ${trendOf(growth)}`;
    return `${name} ${mebibytes(now)} (at most ${mebibytes(peak)}${trend})`;
  });
  const counts = [
    `${made.toLocaleString("en")} requests`,
    `${Math.round(made / seconds)}/s`,
    `${errors.toLocaleString("en")} errors`,
  ];
  return [
    time,
    ...counts,
    `${cancelled.toLocaleString("en")} given up`,
    `${lost} lost`,
    `${doubled} doubled`,
    ...processes,
  ].join("  ");
}

function trendOf({ bytes, error }: Growth): string {
  return `${bytes < 0 ? "" : "+"}${(bytes / MIB).toFixed(1)} ± ${mebibytes(error)} in 10 min`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

/** How long it is to take; NaN where the words say nothing of the kind. */
function readMinutes(): number {
  try {
    return Number(parseArgs({ options: { minutes: { type: "string", default: "30" } } }).values.minutes);
  } catch {
    return Number.NaN;
  }
}
