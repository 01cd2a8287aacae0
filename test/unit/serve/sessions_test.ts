import { describe, expect, test } from "bun:test";
import { type ClientSession, Sessions } from "../../../src/serve/sessions.ts";
import { FakeClock } from "../../harness/fake_clock.ts";

/** A session whose client is there or not, as the test says. */
class FakeSession implements ClientSession {
  readonly id: string;
  readonly target: string;
  isThere = false;
  beats = 0;
  readonly ends: string[] = [];
  readonly seat = {
    fromClient: (): undefined => undefined,
    leave: (): Promise<void> => Promise.resolve(void this.ends.push("left")),
  };

  constructor(id: string, target = "a") {
    this.id = id;
    this.target = target;
  }

  isHeard(): boolean {
    return this.isThere;
  }

  beat(): void {
    this.beats++;
  }

  hangUp(): void {
    this.ends.push("hung up");
  }
}

function sessions(most = 10): { clock: FakeClock; all: Sessions } {
  const clock = new FakeClock();
  return { clock, all: new Sessions(clock, { most, idle: 600_000 }) };
}

describe("a session whose client is gone", () => {
  test("ends on both sides once it has been idle for so long, and not before", async () => {
    const { clock, all } = sessions();
    const session = new FakeSession("1");
    all.add(session);
    await clock.pass(599_000);
    expect(session.ends).toEqual([]);
    await clock.pass(21_000);
    expect(session.ends).toEqual(["hung up", "left"]);
    expect(all.get("1", "a")).toBeUndefined();
    expect(all.size).toBe(0);
  });

  test("is not idle while it is asked for, at its own endpoint alone", async () => {
    const { clock, all } = sessions();
    const [used, other] = [new FakeSession("1"), new FakeSession("2")];
    for (const session of [used, other]) all.add(session);
    for (let n = 0; n < 10; n++) {
      await clock.pass(300_000);
      expect(all.get("1", "a")).toBe(used);
      expect(all.get("2", "b")).toBeUndefined();
    }
    expect(other.ends).toEqual(["hung up", "left"]);
  });

  test("is not idle while a stream of it is open, and its time begins when that ends", async () => {
    const { clock, all } = sessions();
    const session = new FakeSession("1");
    session.isThere = true;
    all.add(session);
    await clock.pass(3_600_000);
    expect(session.ends).toEqual([]);
    session.isThere = false;
    await clock.pass(590_000);
    expect(session.ends).toEqual([]);
    await clock.pass(40_000);
    expect(session.ends).toEqual(["hung up", "left"]);
  });
});

describe("a beat", () => {
  test("reaches each 20 s whoever is there, guests too, and nobody who is gone", async () => {
    const { clock, all } = sessions();
    const [there, gone] = [new FakeSession("1"), new FakeSession("2")];
    const guest = { beats: 0, beat: (): void => void guest.beats++ };
    there.isThere = true;
    all.add(there);
    all.add(gone);
    all.receive(guest);
    await clock.pass(60_000);
    expect([there.beats, gone.beats, guest.beats]).toEqual([3, 0, 3]);
    all.dismiss(guest);
    await clock.pass(20_000);
    expect([there.beats, guest.beats]).toEqual([4, 3]);
    expect(all.guests).toBe(0);
  });

  test("is not given while nobody is there, and again when somebody comes", async () => {
    const { clock, all } = sessions();
    let timers = 0;
    const { after } = clock;
    clock.after = (ms, fire) => {
      timers++;
      return after.call(clock, ms, fire);
    };
    all.add(new FakeSession("1"));
    await all.end("1");
    await clock.pass(3_600_000);
    expect(timers).toBe(1);
    const session = new FakeSession("2");
    session.isThere = true;
    all.add(session);
    await clock.pass(20_000);
    expect(session.beats).toBe(1);
    all.stop();
    await clock.pass(60_000);
    expect(session.beats).toBe(1);
  });
});

test("there are no more than there may be, and one that ends makes room", async () => {
  const { all } = sessions(2);
  all.add(new FakeSession("1"));
  expect(all.isFull).toBe(false);
  all.add(new FakeSession("2"));
  expect(all.isFull).toBe(true);
  await all.end("1");
  await all.end("1");
  expect([all.isFull, all.size]).toEqual([false, 1]);
});

test("all end, or those that are meant, each once", async () => {
  const { all } = sessions();
  const [one, other, third] = [new FakeSession("1", "a"), new FakeSession("2", "b"), new FakeSession("3", "a")];
  for (const session of [one, other, third]) all.add(session);
  await all.endAll(({ target }) => target === "a");
  expect([one, other, third].map(({ ends }) => ends.length)).toEqual([2, 0, 2]);
  await Promise.all([all.endAll(), all.endAll()]);
  expect(other.ends).toEqual(["hung up", "left"]);
});
