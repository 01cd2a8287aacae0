import type { Client } from "@modelcontextprotocol/client";
import type { FakeBrowser } from "../../test/harness/fake_browser.ts";
import type { Home } from "../../test/harness/home.ts";
import type { BridgeProcess } from "./bridge_process.ts";
import type { Harbourmaster } from "./harbourmaster.ts";
import type { Page } from "./page.ts";
import type { Shipyard } from "./shipyard.ts";
import type { Visit } from "./visits.ts";

/** Who takes part, and where it is drawn. */
export interface Scene {
  readonly page: Page;
  readonly home: Home;
  readonly shipyard: Shipyard;
  readonly harbourmaster: Harbourmaster;
  readonly browser: FakeBrowser;
  readonly bridge: BridgeProcess;
  readonly client: Client;
  /** Aborted when the step has to stop. */
  readonly enough: AbortSignal;
}

/** What the client asks. */
export const QUESTION = { name: "find_issues", arguments: { label: "crash" } };

/** The right half of a request's row. */
export function request({ method, session, at }: Visit, start: number): { right: string; ms: number } {
  return { right: `${method}, session ${short(session)}`, ms: at - start };
}

/** The right half of a row for a request whose token is what matters; nobody gets to see that. */
export function bearing({ method, hasToken, at }: Visit, start: number): { right: string; ms: number } {
  return { right: `${method}, ${hasToken ? "token ..." : "no token"}`, ms: at - start };
}

/** The right half of an answer's row. */
export function answer({ status, type }: Visit): { right: string } {
  return { right: `${status}, ${type}` };
}

/** As much of a session's id as tells it from others. */
export function short(session: string | undefined): string {
  return session?.slice(0, 8) ?? "none";
}

/** What some work brings, and when, on the clock of `performance.now()`. */
export async function timed<T>(work: Promise<T>): Promise<[result: T, at: number]> {
  return [await work, performance.now()];
}
