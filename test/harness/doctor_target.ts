/** A server for `doctor` to look at, spoken to as `connect` would without any flag. */
import type { Target } from "../../src/app/doctor/world.ts";
import type { Server } from "../../src/app/far_end.ts";
import { upstreamSettings } from "./upstream_settings.ts";

/** The target for an address or a program. */
export function doctorTarget(server: Server): Target {
  return { name: undefined, entry: undefined, unresolved: undefined, settings: upstreamSettings({ server }) };
}
