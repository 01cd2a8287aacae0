import type { Outcome } from "./examine.ts";

/** What `doctor` has found. */
export interface Report {
  readonly version: string;
  /** The server that was named; nothing where none was. */
  readonly target: string | undefined;
  /** This machine, and the server that was named. */
  readonly checks: readonly Outcome[];
  /** Each server of servers.json, where none was named. */
  readonly servers: readonly ServerReport[];
  readonly summary: Summary;
}

/** One of the registered servers. */
export interface ServerReport extends Verdict {
  readonly name: string;
  /** Its address without secrets, or its command. */
  readonly place: string;
  readonly checks: readonly Outcome[];
  readonly ms: number;
}

/** What all outcomes together come to. */
export interface Verdict {
  readonly result: Outcome["result"];
  readonly text: string;
  /** The check that says so, where something is wrong. */
  readonly code?: string;
  readonly fault?: string;
  readonly cure?: string;
}

/** How many outcomes of each kind there are, and how long all took, in ms. */
export type Summary = Readonly<Record<Outcome["result"], number>> & { readonly ms: number };

/** The worst of the outcomes in a few words. */
export function verdictOf(outcomes: readonly Outcome[]): Verdict {
  const worst = outcomes.find(({ result }) => result === "fail") ?? outcomes.find(({ result }) => result === "warn");
  if (worst !== undefined) {
    const { result, text, code, fault, cure } = worst;
    return { result, text, code, ...(fault === undefined ? {} : { fault }), ...(cure === undefined ? {} : { cure }) };
  }
  const fine = outcomes.filter(({ result }) => result === "ok").length;
  if (fine === 0) return { result: "skip", text: outcomes[0]?.text ?? "nothing was looked at" };
  return {
    result: "ok",
    text: fine === 1 ? "1 check is fine" : fine === 2 ? "both checks are fine" : `all ${fine} checks are fine`,
  };
}

/** Counts outcomes. */
export function summaryOf(outcomes: readonly Pick<Outcome, "result">[], ms: number): Summary {
  const count = (wanted: Outcome["result"]): number => outcomes.filter(({ result }) => result === wanted).length;
  return { ok: count("ok"), warn: count("warn"), fail: count("fail"), skip: count("skip"), ms };
}
