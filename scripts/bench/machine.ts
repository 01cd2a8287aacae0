import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";

/** Where and when a run took place; without it the plain values of a run say nothing. */
export interface Machine {
  readonly date: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  /** In GiB. */
  readonly memory: number;
  readonly bun: string;
  readonly node: string;
  /** How many processes wanted to run in the minute before the bench began. */
  readonly load: number;
}

/** Describes this machine at this moment. */
export function describeMachine(): Machine {
  const node = Bun.spawnSync(["node", "--version"], { stderr: "ignore" }).stdout.toString().trim();
  return {
    date: new Date().toISOString(),
    system: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memory: Math.round(totalmem() / 2 ** 30),
    bun: Bun.version,
    node: node.replace(/^v/, ""),
    load: Math.round(loadavg()[0]! * 100) / 100,
  };
}

/** One line for people. */
export function machineLine(machine: Machine): string {
  const hardware = `${machine.cpu}, ${machine.cores} cores, ${machine.memory} GiB`;
  return `${machine.date.slice(0, 10)}, ${hardware}, Bun ${machine.bun}, Node ${machine.node}`;
}
