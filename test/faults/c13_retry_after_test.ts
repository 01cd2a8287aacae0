import { expect, test } from "bun:test";
import { ChannelFailure } from "../../src/transport/channel.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { PumpRig } from "../harness/pump_rig.ts";

/** Refuses the first so many calls in the given way. */
function refuseFirst(server: FakeMcp, times: number, status: number, retryAfter: string | undefined): void {
  let refused = 0;
  server.on("tools/call", () => {
    if (refused++ >= times) return undefined;
    return new Response("busy", {
      status,
      headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
    });
  });
}

const HONOURED: [status: number, retryAfter: () => string, least: number][] = [
  [429, () => "1", 1_000],
  [503, () => "1", 1_000],
  [429, () => "0", 0],
  [503, () => new Date(Date.now() - 60_000).toUTCString(), 0],
  [429, () => new Date(Date.now() + 2_000).toUTCString(), 900],
];

for (const [status, retryAfter, least] of HONOURED) {
  test(`${status} with Retry-After ${retryAfter().replace(/\d\d:\d\d:\d\d/, "...")} is waited for and sent again`, async () => {
    using server = new FakeMcp();
    refuseFirst(server, 1, status, retryAfter());
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const start = performance.now();
    const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
    expect(answer.result.echo).toEqual({ name: "x" });
    expect(performance.now() - start).toBeGreaterThanOrEqual(least);
    expect(server.posted("tools/call")).toHaveLength(2);
  });
}

const REFUSED: [status: number, retryAfter: string | undefined][] = [
  [429, "61"],
  [503, "86400"],
  [429, "99999999999999999999"],
  [503, new Date(Date.now() + 3_600_000).toUTCString()],
  [429, undefined],
  [503, undefined],
  [429, "soon"],
  [503, "-5"],
];

for (const [status, retryAfter] of REFUSED) {
  const name = retryAfter?.includes("GMT") ? "a date an hour ahead" : String(retryAfter);
  test(`${status} with Retry-After ${name} is an error for the call at once`, async () => {
    using server = new FakeMcp();
    refuseFirst(server, 10, status, retryAfter);
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const answer = await bridge.request({ id: 1, method: "tools/call", params: { name: "x" } });
    expect(answer.error.data.code).toBe("busy");
    expect(answer.error.message).toContain(String(status));
    expect(server.posted("tools/call")).toHaveLength(1);
  });
}

test("a server that asks for no wait, again and again, is asked ever more seldom, for a minute at most", async () => {
  const rig = new PumpRig();
  await rig.handshake();
  rig.onsend = (sent) => sent.fail(new ChannelFailure("refused", "busy", "429", { retryAfter: 0 }));
  await rig.say({ id: 1, method: "tools/call", params: { name: "x" } });
  for (let second = 0; second < 70; second++) await rig.clock.pass(1_000);
  expect(rig.received.filter(({ id }) => id === 1)).toEqual([
    expect.objectContaining({ error: expect.objectContaining({ data: expect.objectContaining({ code: "busy" }) }) }),
  ]);
  expect(rig.all("tools/call").length).toBeLessThan(20);
});
