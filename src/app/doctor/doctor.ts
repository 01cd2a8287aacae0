import { VERSION } from "../../platform/version.ts";
import { quoted } from "../../platform/errors.ts";
import { maskedUrl } from "../../registry/mask.ts";
import type { Check } from "./check.ts";
import { examine, type ExamineOptions, type Outcome } from "./examine.ts";
import { MACHINE_CHECKS } from "./machine_checks.ts";
import { IDLE_PROGRAM_CHECKS, PROGRAM_CHECKS } from "./program_checks.ts";
import { type Report, type ServerReport, summaryOf, verdictOf } from "./report.ts";
import { SERVER_CHECKS } from "./server_checks.ts";
import { remember, type Target, type World } from "./world.ts";

/** How it is done, and who is told. */
export type Options = Omit<ExamineOptions, "part" | "before">;

/** A server that is looked at beside the others. */
export interface Registered {
  readonly name: string;
  /** Its address without secrets, or its command. */
  readonly place: string;
  readonly target: Target;
}

/** Which servers are looked at. */
export interface Wanted {
  /** The one that was named. */
  readonly target: Target | undefined;
  readonly registered: readonly Registered[];
}

/**
 * Looks at this machine, at the server that was named, and at each of the `registered` ones, all at once. `find` says
 * which they are; it is asked once the modes of our files have been seen, since to read a file closes it to others.
 *
 * @throws what `find` throws, when the checks of this machine have ended.
 */
export async function diagnose(
  world: World,
  find: () => Promise<Wanted>,
  options: Options = {},
): Promise<Report> {
  const start = performance.now();
  const machine = examine(MACHINE_CHECKS, world, { ...options, part: "machine" });
  await machine.get("file-modes");
  let wanted: Wanted;
  try {
    wanted = await find();
  } catch (thrown) {
    // What was put somewhere for a test is taken away again.
    await Promise.all(machine.values());
    throw thrown;
  }
  const { target, registered } = wanted;
  const named = target === undefined
    ? []
    : [...examineTarget(PROGRAM_CHECKS, world, target, machine, options).values()];
  const servers = await Promise.all(registered.map((server) => examineServer(server, world, machine, options)));
  const checks = await Promise.all([...machine.values(), ...named]);
  return {
    version: VERSION,
    target: target && nameOf(target),
    checks,
    servers,
    summary: summaryOf([...checks, ...servers], elapsed(start)),
  };
}

function examineTarget(
  ofPrograms: readonly Check[],
  world: World,
  target: Target,
  before: ReadonlyMap<string, Promise<Outcome>>,
  options: Options,
): Map<string, Promise<Outcome>> {
  const checks = target.settings.server instanceof URL ? SERVER_CHECKS : ofPrograms;
  return examine(checks, { ...world, target, once: remember() }, { ...options, part: "server", before });
}

async function examineServer(
  { name, place, target }: Registered,
  world: World,
  machine: ReadonlyMap<string, Promise<Outcome>>,
  options: Options,
): Promise<ServerReport> {
  const start = performance.now();
  const checks = await Promise.all(
    examineTarget(IDLE_PROGRAM_CHECKS, world, target, machine, options).values(),
  );
  return { name, place, ...verdictOf(checks), checks, ms: elapsed(start) };
}

function nameOf({ name, settings: { server } }: Target): string {
  return name ?? (server instanceof URL ? maskedUrl(server) : quoted(server.command));
}

function elapsed(start: number): number {
  return Math.round(performance.now() - start);
}
