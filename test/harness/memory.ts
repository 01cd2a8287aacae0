import { readFileSync } from "node:fs";

/** The most memory that a process has held so far, in bytes (`VmHWM`); 0 where the system does not tell. */
export function peakMemory(pid: number): number {
  return field(pid, "VmHWM");
}

/** The memory that a process holds now, in bytes (`VmRSS`); 0 where the system does not tell. */
export function memory(pid: number): number {
  return field(pid, "VmRSS");
}

/**
 * As `memory`, without the pages of the executable's file (`RssAnon`), which are shared and come and go with what else
 * the machine does.
 */
export function ownMemory(pid: number): number {
  return field(pid, "RssAnon");
}

function field(pid: number, name: string): number {
  if (process.platform !== "linux") return 0;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)![1]) * 1024;
}
