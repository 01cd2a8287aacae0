import { describe, expect, test } from "bun:test";
import type { Check } from "../../../../src/app/doctor/check.ts";
import { examine } from "../../../../src/app/doctor/examine.ts";
import { MACHINE_CHECKS } from "../../../../src/app/doctor/machine_checks.ts";
import { PROGRAM_CHECKS } from "../../../../src/app/doctor/program_checks.ts";
import { SERVER_CHECKS } from "../../../../src/app/doctor/server_checks.ts";
import { CHECKS } from "../../../../scripts/doctor_codes.ts";
import { FILE_WORLDS } from "./file_worlds.ts";
import { MACHINE_WORLDS } from "./machine_worlds.ts";
import { SERVER_WORLDS } from "./server_worlds.ts";
import { TARGET_WORLDS } from "./target_worlds.ts";
import { VAULT_WORLDS } from "./vault_worlds.ts";

const WORLDS = [...FILE_WORLDS, ...VAULT_WORLDS, ...MACHINE_WORLDS, ...TARGET_WORLDS, ...SERVER_WORLDS];

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

describe.skipIf(process.platform === "win32")("what is wrong is found", () => {
  const here = WORLDS.filter(({ only }) => only === undefined || only === process.platform);
  test.each(here)("$code/$fault: $name", async ({ code, fault, limit, world }) => {
    await using stack = new AsyncDisposableStack();
    const found = CHECKS.find((candidate) => candidate.code === code)!;
    const check = { ...found, after: [], ...(limit === undefined ? {} : { limit }) };
    const outcome = await examine([check], await world(stack), { part: "machine" }).get(code)!;
    expect(outcome).toMatchObject({ code, fault, result: check.explains[fault]!.result });
    expect(outcome.cure).toBeString();
  }, 20_000);
});
