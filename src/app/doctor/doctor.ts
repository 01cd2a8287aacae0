import { VERSION } from "../../platform/version.ts";
import { examine, type ExamineOptions, type Outcome } from "./examine.ts";
import { MACHINE_CHECKS } from "./machine_checks.ts";
import { PROGRAM_CHECKS } from "./program_checks.ts";
import { type Report, type ServerReport, summaryOf, verdictOf } from "./report.ts";
import { SERVER_CHECKS } from "./server_checks.ts";
import { remember, type Target, type World } from "./world.ts";

/** A server that is looked at beside the others. */
export interface Registered {
  readonly name: string;
  /** Its address without secrets, or its command. */
  readonly place: string;
  readonly target: Target;
}

/**
 * Looks at this machine, at the target of the world where it has one, and at each of the `registered` servers, all at
 * once.
 */
export async function diagnose(
  world: World,
  registered: readonly Registered[],
  options: ExamineOptions = {},
): Promise<Report> {
  const start = performance.now();
  const machine = examine(MACHINE_CHECKS, world, options);
  const { target } = world;
  const named = target === undefined ? [] : [...examineTarget(world, target, machine, options).values()];
  const servers = await Promise.all(registered.map((server) => examineServer(server, world, machine, options)));
  const checks = await Promise.all([...machine.values(), ...named]);
  return {
    version: VERSION,
    target: target?.name,
    checks,
    servers,
    summary: summaryOf([...checks, ...servers], elapsed(start)),
  };
}

function examineTarget(
  world: World,
  target: Target,
  before: ReadonlyMap<string, Promise<Outcome>>,
  options: ExamineOptions,
): Map<string, Promise<Outcome>> {
  const checks = target.settings.server instanceof URL ? SERVER_CHECKS : PROGRAM_CHECKS;
  return examine(checks, { ...world, target, once: remember() }, { ...options, before });
}

async function examineServer(
  { name, place, target }: Registered,
  world: World,
  machine: ReadonlyMap<string, Promise<Outcome>>,
  options: ExamineOptions,
): Promise<ServerReport> {
  const start = performance.now();
  const checks = await Promise.all(examineTarget(world, target, machine, options).values());
  return { name, place, ...verdictOf(checks), checks, ms: elapsed(start) };
}

function elapsed(start: number): number {
  return Math.round(performance.now() - start);
}
