import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Health } from "../../../../src/serve/health/health.ts";
import type { Probed } from "../../../../src/serve/health/health_state.ts";
import type { OwnFailure } from "../../../../src/serve/health/own_failure.ts";
import type { CallRecord } from "../../../../src/serve/watched.ts";
import { FakeClock } from "../../../harness/fake_clock.ts";
import { callRecord } from "../../../harness/call_record.ts";

const MINUTE_MS = 60_000;
const GONE: OwnFailure = { code: "unreachable", text: "cannot reach it" };
const BROKEN: OwnFailure = { code: "http_status", text: "it answers 502" };

let clock: FakeClock;
let health: Health;
/** When the server was asked by us, in ms since the beginning. */
let probes: number[];
let answer: Probed | undefined;
let recoveries: number;
let told: string[];
let begin: number;

beforeEach(() => {
  clock = new FakeClock();
  begin = clock.now();
  probes = [];
  answer = { ms: 5, failure: undefined };
  recoveries = 0;
  told = [];
  health = new Health({
    clock,
    probe(): Promise<Probed> | undefined {
      probes.push(clock.now() - begin);
      return answer && Promise.resolve(answer);
    },
    onrecovered: () => recoveries++,
    onchange: ({ now }) => told.push(now.state),
  });
});
afterEach(() => health.close());

function call(failure?: OwnFailure, more: Partial<CallRecord> = {}): void {
  health.record(callRecord(clock.now(), { outcome: failure === undefined ? "result" : "error", failure, ...more }));
}

const state = (): string | undefined => health.of("a", "default")?.now.state;
const reason = (): string | undefined => health.of("a", "default")?.now.reason;

describe("the state of a server", () => {
  test("is none before somebody asks, and up from the first answer on, an error of its own included", () => {
    expect(state()).toBeUndefined();
    call(undefined, { outcome: "error", code: "-32602" });
    expect([state(), told]).toEqual(["up", ["up"]]);
  });

  test.each<[OwnFailure["code"], string]>([
    ["unreachable", "down"],
    ["connect_timeout", "down"],
    ["untrusted_certificate", "down"],
    ["unresponsive", "down"],
    ["bad_command", "down"],
    ["http_status", "degraded"],
    ["no_answer", "degraded"],
    ["timed_out", "degraded"],
    ["sign_in_required", "signed-out"],
    ["token_refused", "signed-out"],
    ["ignored_tool", "up"],
    ["era_mismatch", "up"],
    ["closing", "up"],
  ])("after %s is %s", (code, expected) => {
    call();
    call({ code, text: "so it is" });
    expect(state()).toBe(expected);
    if (expected !== "up") expect(reason()).toBe("so it is");
  });

  test("is not shown by the answer that a client had in its place", () => {
    call(GONE, { method: "initialize", outcome: "result" });
    expect([state(), reason(), told]).toEqual(["down", GONE.text, ["down"]]);
  });

  test("is down after three failures in a row, whatever they were; late answers alone never bring it there", () => {
    for (let late = 0; late < 10; late++) call({ code: "timed_out", text: "late" });
    expect(state()).toBe("degraded");
    call();
    for (let failure = 0; failure < 3; failure++) call(BROKEN);
    expect(state()).toBe("down");
  });

  test("comes back at once from down, and from degraded with the third answer", () => {
    call(GONE);
    call();
    expect([state(), recoveries]).toEqual(["up", 1]);
    call(BROKEN);
    call();
    call();
    expect(state()).toBe("degraded");
    call();
    expect([state(), reason(), recoveries]).toEqual(["up", "it answers again", 1]);
  });

  test("says nothing for a call that was cancelled, nor for a handshake that was answered in its place", () => {
    call(undefined, { outcome: "cancelled" });
    call(undefined, { method: "initialize", ms: 20_000 });
    expect(state()).toBe("idle");
    call(GONE);
    call(undefined, { method: "initialize" });
    expect(state()).toBe("down");
  });

  test("keeps its time while only the reason changes, and fifty changes", async () => {
    call(GONE);
    await clock.pass(10);
    call({ ...GONE, text: "another" });
    const { now, history } = health.of("a", "default")!;
    expect([now, history.length]).toEqual([{ state: "down", reason: "another", at: begin }, 2]);
    for (let turn = 0; turn < 60; turn++) {
      call();
      call(GONE);
    }
    expect(health.of("a", "default")!.history).toHaveLength(50);
    expect(health.of("a", "default")!.history.at(-1)).toEqual(health.of("a", "default")!.now);
  });

  test("while somebody is awaited is signed-out, and nobody asks it anything", async () => {
    call();
    health.held("a", "default", { message: "sign in first" });
    expect([state(), reason()]).toEqual(["signed-out", "sign in first"]);
    call({ code: "timed_out", text: "late" });
    await clock.pass(5 * MINUTE_MS);
    expect([state(), reason(), probes]).toEqual(["signed-out", "sign in first", []]);
    health.signedIn("a", "default");
    await clock.pass(0);
    expect([state(), probes.length]).toEqual(["up", 1]);
  });

  test("for whom nobody came stays signed-out: to ask it would open one more page before nobody", async () => {
    health.held("a", "default", { message: "sign in first, at https://as.example/authorize" });
    expect(health.of("a", "default")!.signInPage).toBe("https://as.example/authorize");
    health.held("a", "default", undefined);
    call({ code: "timed_out", text: "nobody came in time" });
    call({ code: "sign_in_required", text: "nobody came" });
    await clock.pass(5 * MINUTE_MS);
    expect([state(), reason(), probes]).toEqual(["signed-out", "nobody came", []]);
    expect(health.of("a", "default")!.signInPage).toBeUndefined();
    call();
    expect(state()).toBe("up");
  });
});

describe("a server that was used of late", () => {
  test("is asked about every 30 s, for ten minutes", async () => {
    call();
    await clock.pass(20 * MINUTE_MS);
    expect(probes.length).toBeWithin(14, 30);
    const pauses = probes.map((at, place) => at - (probes[place - 1] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(22_500);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(37_500);
    expect(new Set(pauses).size).toBeGreaterThan(1);
    expect(probes.at(-1)).toBeLessThan(10 * MINUTE_MS);
    expect([state(), reason()]).toEqual(["idle", "nobody has asked it for 10 min"]);
    call();
    expect(state()).toBe("up");
  });

  test("is not asked while it answers clients anyway", async () => {
    for (let second = 0; second < 120; second += 5) {
      call();
      await clock.pass(5_000);
    }
    expect(probes).toEqual([]);
  });

  test("is found down before a client finds out, then asked ever later, at most five minutes, and found up again", async () => {
    call();
    answer = { ms: 5, failure: GONE };
    await clock.pass(40_000);
    expect([state(), probes.length > 1]).toEqual(["down", true]);
    for (let minute = 0; minute < 60; minute++) {
      call({ code: "closing", text: "the client is there" });
      await clock.pass(MINUTE_MS);
    }
    const pauses = probes.map((at, place) => at - (probes[place - 1] ?? 0)).slice(1);
    for (const [place, pause] of pauses.slice(0, 8).entries()) {
      expect(pause).toBeWithin(750 * 2 ** place, 1_250 * 2 ** place + 1);
    }
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1.25 * 5 * MINUTE_MS);
    expect(Math.max(...pauses)).toBeGreaterThan(3 * MINUTE_MS);
    answer = { ms: 5, failure: undefined };
    await clock.pass(7 * MINUTE_MS);
    expect([state(), recoveries]).toEqual(["up", 1]);
  });

  test("and takes long for a ping is degraded until it does not", async () => {
    call();
    answer = { ms: 3_100, failure: undefined };
    await clock.pass(40_000);
    expect([state(), reason()]).toEqual(["degraded", "it took 3.1 s to answer a ping"]);
    answer = { ms: 10, failure: undefined };
    await clock.pass(5 * MINUTE_MS);
    expect(state()).toBe("up");
  });

  test("keeps its state where there is no connection to ask on", async () => {
    call();
    answer = undefined;
    await clock.pass(5 * MINUTE_MS);
    expect([state(), told]).toEqual(["up", ["up"]]);
  });

  test("is forgotten when it is gone, and not asked any more", async () => {
    call();
    health.prune(() => false);
    await clock.pass(5 * MINUTE_MS);
    expect([health.all, probes]).toEqual([[], []]);
  });
});

test("of accounts that clients make up, no more than a thousand are kept", () => {
  for (let place = 0; place < 1_500; place++) call(undefined, { account: `x${place}` });
  expect(health.all).toHaveLength(1_000);
});
