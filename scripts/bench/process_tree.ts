/** What a process and all its children cost, read from `/proc` (so this measures on Linux only). */
import { readdirSync, readFileSync } from "node:fs";

// The kernel's USER_HZ, which is 100 on every platform that Bun runs on.
const TICKS_PER_SECOND = 100;
const MIB = 1024;

/** The resident memory of the tree below `pid`, in MiB. */
export function residentMemory(pid: number): number {
  return sumOver(pid, (member) => statusField(member, "VmRSS") / MIB);
}

/** The most resident memory that the processes of the tree below `pid` ever had, in MiB. */
export function peakMemory(pid: number): number {
  return sumOver(pid, (member) => statusField(member, "VmHWM") / MIB);
}

/** The CPU time of the tree below `pid` so far, user and system together, in seconds. */
export function cpuSeconds(pid: number): number {
  return sumOver(pid, (member) => {
    const stat = readFileSync(`/proc/${member}/stat`, "utf8");
    // The name of the program stands in parentheses and may hold blanks; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  });
}

function sumOver(pid: number, measure: (pid: number) => number): number {
  let sum = measure(pid);
  for (const child of childrenOf(pid)) {
    try {
      sum += sumOver(child, measure);
    } catch {
      // A child that ended in the meantime costs nothing any more; that the first process is gone is an error.
    }
  }
  return sum;
}

function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
  return lists.join(" ").split(" ").filter((child) => child !== "").map(Number);
}

function statusField(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
}
