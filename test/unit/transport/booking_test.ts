import { expect, test } from "bun:test";
import { Budget } from "../../../src/platform/budget.ts";
import { Booking } from "../../../src/transport/booking.ts";

const LIMIT = 1_000_000;

test("a large message that has ended holds nothing more, though the next has begun with the same chunk", async () => {
  const budget = new Budget(LIMIT);
  const [one, other] = [new Booking(budget.forServer()), new Booking(budget.forServer())];
  await one.settle(2 * LIMIT, []);
  expect(budget.exhausted).toBe(true);
  const others = other.settle(LIMIT, []);
  await one.settle(10, []);
  expect(budget.exhausted).toBe(false);
  await others;
});

test("a large message whose client takes its time holds nobody up, though the next has begun with the same chunk", async () => {
  const budget = new Budget(LIMIT);
  const [one, other] = [new Booking(budget.forServer()), new Booking(budget.forServer())];
  await one.settle(2 * LIMIT, []);
  const others = other.settle(LIMIT, []);
  const { promise: taken, resolve } = Promise.withResolvers<void>();
  const its = one.settle(10, [taken]);
  await others;
  resolve();
  await its;
});
