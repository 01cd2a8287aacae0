import { expect, test } from "bun:test";
import { inFewWords } from "../../../../src/serve/guard/few_words.ts";
import { FakeClock } from "../../../harness/fake_clock.ts";

test("a flood of one notice is told ten times and then counted, and others are told beside it", async () => {
  const clock = new FakeClock();
  const told: string[] = [];
  const notify = inFewWords(({ text }) => void told.push(text), clock);
  for (let n = 0; n < 1_000; n++) notify({ level: "warn", text: "refused" });
  notify({ level: "warn", text: "another" });
  expect(told).toEqual([...Array(10).fill("refused"), "another"]);
  await clock.pass(10_000);
  expect(told.slice(11)).toEqual(["refused, and 990 more in 10 s"]);
  notify({ level: "warn", text: "refused" });
  await clock.pass(10_000);
  expect(told.slice(12)).toEqual(["refused"]);
});
