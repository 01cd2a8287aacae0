import { describe, expect, test } from "bun:test";
import { placeOf, Replay } from "../../../src/transport/replay.ts";
import { toMessage } from "../../harness/stage_rig.ts";

const said = (n: number, text = "") => toMessage({ method: "notifications/message", params: { n, text } });

const knows = (replay: Replay, stream: number): boolean => replay.after({ stream, place: 0 }).length > 0;

describe("what is kept of streams", () => {
  test("is given again behind a place, of that stream alone, in order", () => {
    const replay = new Replay();
    const ids = [1, 2, 1, 1, 2].map((stream, n) => replay.keep(stream, said(n), true));
    expect(new Set(ids).size).toBe(5);
    expect(replay.after(placeOf(ids[0]!)!).map(({ id }) => id)).toEqual([ids[2]!, ids[3]!]);
    expect(replay.after(placeOf(ids[4]!)!)).toEqual([]);
  });

  test("begins behind the id of the opening, which stands before all that comes", () => {
    const replay = new Replay();
    replay.keep(1, said(0), true);
    const opening = placeOf(replay.opening(1))!;
    const id = replay.keep(1, said(1), true);
    expect(replay.after(opening).map((kept) => kept.id)).toEqual([id]);
  });

  test("is let go when a client that is there must have read it, and not while it has gone", () => {
    const replay = new Replay();
    replay.keep(1, said(0), true);
    replay.keep(2, said(1), false);
    replay.keep(3, said(2), true);
    replay.lost(3);
    for (let n = 0; n < 100; n++) replay.beat();
    expect([1, 2].map((stream) => knows(replay, stream))).toEqual([false, true]);
    for (let n = 0; n < 3; n++) replay.beat();
    expect([2, 3].map((stream) => knows(replay, stream))).toEqual([false, true]);
  });

  test("is let go after two minutes where it is large, though nobody has read it, and then counted from the last time", () => {
    const replay = new Replay();
    replay.keep(1, said(0, "x".repeat(300_000)), false);
    for (let n = 0; n < 6; n++) replay.beat();
    expect(knows(replay, 1)).toBe(true);
    replay.lost(1);
    for (let n = 0; n < 6; n++) replay.beat();
    replay.beat();
    expect(knows(replay, 1)).toBe(false);
  });

  test("never has more than 256 KiB, but for one message that nobody has read", () => {
    const replay = new Replay();
    const text = "x".repeat(100_000);
    for (let n = 0; n < 10; n++) replay.keep(1, said(n, text), false);
    expect(replay.after({ stream: 1, place: 0 })).toHaveLength(2);
    replay.keep(1, said(0, "x".repeat(1_000_000)), true);
    expect(knows(replay, 1)).toBe(false);
    replay.keep(1, said(0, "x".repeat(1_000_000)), false);
    expect(replay.after({ stream: 1, place: 0 })).toHaveLength(1);
  });
});

test.each(["", "1", "-", "1-", "-1", "1-2-3", "1.0-2", " 1-2", "1-2 ", "9999999999999999-1", "a-b"])(
  "%p is no id of an event",
  (id) => expect(placeOf(id)).toBeUndefined(),
);
