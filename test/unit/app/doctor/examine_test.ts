import { expect, test } from "bun:test";
import { type Check, fault, type Finding, GENERAL_FAULTS, ok, skip } from "../../../../src/app/doctor/check.ts";
import { serverHttp } from "../../../../src/app/doctor/server/http.ts";
import { examine, type ExamineOptions, type Outcome } from "../../../../src/app/doctor/examine.ts";
import type { World } from "../../../../src/app/doctor/world.ts";
import { pagesWorld } from "../../../harness/server_world.ts";
import { BridgeError } from "../../../../src/platform/errors.ts";
import { doctorWorld } from "../../../harness/doctor_world.ts";

const EXPLAINS = {
  broken: { result: "fail", cause: "it is broken", cure: "mend it" },
  doubtful: { result: "warn", cause: "it may break", cure: "look at it" },
} as const;

const HINT = "unlock it";

function check(code: string, after: readonly string[], run: Check["run"], more: Partial<Check> = {}): Check {
  return { code, title: code, after, explains: EXPLAINS, run, ...more };
}

const fine = (): Promise<Finding> => Promise.resolve(ok("fine"));
const broken = (): Promise<Finding> => Promise.resolve(fault(EXPLAINS, "broken"));

async function outcomesOf(checks: readonly Check[], options: Partial<ExamineOptions> = {}): Promise<Outcome[]> {
  await using stack = new AsyncDisposableStack();
  return await Promise.all(examine(checks, doctorWorld(stack), { part: "machine", ...options }).values());
}

test("checks run at once, each as soon as those that it comes after have ended", async () => {
  const both = Promise.withResolvers<void>();
  let running = 0;
  const together = async (): Promise<Finding> => {
    if (++running === 2) both.resolve();
    await both.promise;
    return ok("both ran");
  };
  const seen: string[] = [];
  const options = {
    onstart: ({ code }: Check) => void seen.push(`+${code}`),
    onend: (one: Outcome) => void seen.push(`-${one.code}`),
  };
  await outcomesOf(
    [check("last", ["one", "other"], fine), check("one", [], together), check("other", [], together)],
    options,
  );
  expect(seen.slice(-2)).toEqual(["+last", "-last"]);
  expect(seen.slice(0, 2).sort()).toEqual(["+one", "+other"]);
});

test("behind a failure nothing is looked at, however far behind, and it is said what failed", async () => {
  const looked: string[] = [];
  const looks = (code: string) => (): Promise<Finding> => {
    looked.push(code);
    return fine();
  };
  const outcomes = await outcomesOf([
    check("first", [], broken),
    check("second", ["first"], looks("second")),
    check("third", ["second"], looks("third")),
    check("apart", [], looks("apart")),
  ]);
  expect(outcomes.map(({ code, result, blockedBy }) => [code, result, blockedBy])).toEqual([
    ["first", "fail", undefined],
    ["second", "skip", "first"],
    ["third", "skip", "first"],
    ["apart", "ok", undefined],
  ]);
  expect(looked).toEqual(["apart"]);
});

test("a warning, or having nothing to look at, keeps nobody from looking", async () => {
  const outcomes = await outcomesOf([
    check("doubtful", [], () => Promise.resolve(fault(EXPLAINS, "doubtful"))),
    check("nothing", [], () => Promise.resolve(skip("nothing is there"))),
    check("behind", ["doubtful", "nothing"], fine),
  ]);
  expect(outcomes.map(({ result }) => result)).toEqual(["warn", "skip", "ok"]);
});

test("checks of a server come after those of the machine", async () => {
  const before = new Map([["vault", Promise.resolve({ code: "vault", result: "fail" } as Outcome)]]);
  const [outcome] = await outcomesOf([check("token", ["vault"], fine)], { before, part: "server" });
  expect(outcome).toMatchObject({ result: "skip", blockedBy: "vault", part: "server" });
});

test("what a check throws is a failure by the error's code where it explains that, and its hint is the cure", async () => {
  const locked = () =>
    Promise.reject(new BridgeError("vault_locked", "it is locked", { hint: `${HINT}, or run "mcp-bridge doctor"` }));
  const explains = { ...EXPLAINS, vault_locked: { result: "warn", cause: "locked", cure: "-" } } as const;
  const [explained, unforeseen] = await outcomesOf([
    check("ours", [], locked, { explains }),
    check("not ours", [], locked),
  ]);
  expect(explained).toMatchObject({ result: "warn", fault: "vault_locked", text: "it is locked", cure: HINT });
  expect(unforeseen).toMatchObject({ result: "fail", fault: "other", cure: HINT, details: { error: "vault_locked" } });
});

/** A check that fails in each way in which any can. */
const FAILING: Record<keyof typeof GENERAL_FAULTS, Check> = {
  "timed_out": check("slow", [], () => new Promise(() => {}), { limit: 20 }),
  other: check("surprised", [], () => Promise.reject(new BridgeError("too_large", "it is too large"))),
  internal: check("defect", [], () => Promise.reject(new TypeError("x is undefined"))),
};

test.each(Object.keys(GENERAL_FAULTS) as (keyof typeof GENERAL_FAULTS)[])("any check can fail as %s", async (name) => {
  const [outcome] = await outcomesOf([FAILING[name]]);
  expect(outcome).toMatchObject({ result: "fail", fault: name, cure: GENERAL_FAULTS[name].cure });
});

test("a check that takes too long fails, is told to stop, and holds nobody up", async () => {
  let signal: AbortSignal | undefined;
  const [outcome] = await outcomesOf([
    check("slow", [], (world: World) => {
      signal = world.signal;
      return new Promise(() => {});
    }, { limit: 20 }),
  ]);
  expect(outcome).toMatchObject({
    result: "fail",
    fault: "timed_out",
    text: "it takes too long (no end after 0.02 s)",
  });
  expect(signal!.aborted).toBe(true);
});

test("with --fix what was found is mended and looked at again; without, it is left alone", async () => {
  let isBroken = true;
  const mendable = check("mendable", [], () => isBroken ? broken() : fine(), {
    fix: () => {
      isBroken = false;
      return Promise.resolve("mended it");
    },
  });
  expect((await outcomesOf([mendable]))[0]).toMatchObject({ result: "fail", fault: "broken" });
  expect(isBroken).toBe(true);
  const [outcome, behind] = await outcomesOf([mendable, check("behind", ["mendable"], fine)], { fix: true });
  expect(outcome).toMatchObject({ result: "ok", fixed: "mended it" });
  expect(behind!.result).toBe("ok");
});

test("what cannot be mended stays a failure", async () => {
  const stubborn = check("stubborn", [], broken, { fix: () => Promise.resolve(undefined) });
  const failing = check("failing", [], broken, {
    fix: () => Promise.reject(new BridgeError("vault_unwritable", "it cannot be written")),
  });
  const outcomes = await outcomesOf([stubborn, failing], { fix: true });
  expect(outcomes.map(({ fault, fixed }) => [fault, fixed])).toEqual([
    ["broken", undefined],
    ["other", undefined],
  ]);
});

test("what a server's answer fails by and no check foresees is told by its code, without redirects that were none", async () => {
  await using stack = new AsyncDisposableStack();
  const server = "https://mcp.example.com/mcp";
  const page = (): never => {
    throw new BridgeError("too_large", "it is too large");
  };
  const world = await pagesWorld(stack, { [server]: page }, { server });
  const outcome = await examine([{ ...serverHttp, after: [] }], world, { part: "server" }).get(serverHttp.code)!;
  expect(outcome).toMatchObject({ fault: "other", text: "it is too large" });
  expect(outcome.details).toEqual({ error: "too_large" });
});
