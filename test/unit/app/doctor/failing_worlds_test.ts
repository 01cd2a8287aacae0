import { describe, expect, test } from "bun:test";
import type { Check } from "../../../../src/app/doctor/check.ts";
import { examine } from "../../../../src/app/doctor/examine.ts";
import { MACHINE_CHECKS } from "../../../../src/app/doctor/machine_checks.ts";
import { PROGRAM_CHECKS } from "../../../../src/app/doctor/program_checks.ts";
import { SERVER_CHECKS } from "../../../../src/app/doctor/server_checks.ts";
import { MACHINE_WORLDS } from "./machine_worlds.ts";
import { SERVER_WORLDS } from "./server_worlds.ts";
import { TARGET_WORLDS } from "./target_worlds.ts";

const CHECKS: readonly Check[] = [...new Set([...MACHINE_CHECKS, ...SERVER_CHECKS, ...PROGRAM_CHECKS])];
const WORLDS = [...MACHINE_WORLDS, ...TARGET_WORLDS, ...SERVER_WORLDS];

const faultsOf = (checks: readonly Check[]): string[] =>
  checks.flatMap(({ code, explains }) => Object.keys(explains).map((fault) => `${code}/${fault}`));

test("every fault that is documented has a world in which it is found", () => {
  const provoked = new Set(WORLDS.map(({ code, fault }) => `${code}/${fault}`));
  expect(faultsOf(CHECKS).filter((fault) => !provoked.has(fault))).toEqual([]);
});

test("every world provokes a fault that is documented", () => {
  const documented = new Set(faultsOf(CHECKS));
  expect(WORLDS.map(({ code, fault }) => `${code}/${fault}`).filter((fault) => !documented.has(fault))).toEqual([]);
});

test("codes are unique, and a check comes after checks that there are, never after itself", () => {
  const codes = CHECKS.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  for (
    const [list, others] of [[MACHINE_CHECKS, []], [SERVER_CHECKS, MACHINE_CHECKS], [
      PROGRAM_CHECKS,
      MACHINE_CHECKS,
    ]] as const
  ) {
    const known = new Set(others.map(({ code }) => code));
    // In the order of the report each stands behind those that it comes after, so that there is no circle.
    for (const { code, after } of list) {
      expect([code, after.filter((earlier) => !known.has(earlier))]).toEqual([code, []]);
      known.add(code);
    }
  }
});

describe("what is wrong is found", () => {
  if (WORLDS.length === 0) return;
  test.each(WORLDS)("$code/$fault: $name", async ({ code, fault, limit, world }) => {
    await using stack = new AsyncDisposableStack();
    const check = CHECKS.find((candidate) => candidate.code === code)!;
    const outcome = await examine(
      [{ ...check, after: [], ...(limit === undefined ? {} : { limit }) }],
      await world(stack),
      {
        part: "machine",
      },
    ).get(code)!;
    expect(outcome).toMatchObject({ code, fault, result: check.explains[fault]!.result });
    expect(outcome.cure).toBeString();
  }, 20_000);
});
