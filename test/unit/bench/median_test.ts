import { expect, test } from "bun:test";
import { middleRatio } from "../../../scripts/bench/median.ts";

test("a ratio is taken round by round: a machine that is slow for a while changes nothing", () => {
  const samples = new Map([["ours", [10, 100, 12]], ["theirs", [20, 200, 20]]]);
  expect(middleRatio(samples, "ours", "theirs")).toBe(0.5);
});

test("there is no ratio to a program that failed, whenever it did", () => {
  expect(middleRatio(new Map([["ours", [1]]]), "ours", "theirs")).toBeUndefined();
  expect(middleRatio(new Map([["ours", [1, 2]], ["theirs", [1]]]), "ours", "theirs")).toBeUndefined();
  expect(middleRatio(new Map([["ours", []], ["theirs", []]]), "ours", "theirs")).toBeUndefined();
});
