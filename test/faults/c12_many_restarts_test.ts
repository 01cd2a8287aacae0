/** A server that is restarted over and over (C12, C30): nothing is lost, and nothing piles up. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { runs } from "../harness/counts.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";

const RESTARTS = runs(25, 100);
const CALLS = 4;
/** Connections of the last moments may still stand. */
const SPARE_DESCRIPTORS = 10;

/** The files and sockets that a process has open; 0 where the system does not tell. */
function descriptors(pid: number): number {
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/fd`).length : 0;
}

test(
  `a server that is restarted ${RESTARTS} times with calls in flight: one answer for each, no descriptor and hardly a word more`,
  async () => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const before = descriptors(bridge.pid);
    let id = 0;
    for (let restart = 0; restart < RESTARTS; restart++) {
      const from = bridge.output.items.length;
      for (let call = 0; call < CALLS; call++) {
        bridge.send({ jsonrpc: "2.0", id: ++id, method: call % 2 === 0 ? "tools/list" : "tools/call", params: {} });
      }
      if (restart % 2 === 0) await bridge.flush();
      server.restart();
      const answered = (): number => bridge.output.items.slice(from).filter((line) => "id" in JSON.parse(line)).length;
      while (answered() < CALLS) await bridge.output.find(() => true, bridge.output.items.length, 20_000);
    }
    bridge.send({ jsonrpc: "2.0", id: "last", method: "ping" });
    await bridge.output.find((line) => JSON.parse(line).id === "last");
    const ids = bridge.output.items.map((line) => JSON.parse(line)).filter(({ method }) => method === undefined);
    expect(ids.map((answer) => answer.id).filter((each) => typeof each === "number").sort((a, b) => a - b)).toEqual(
      Array.from({ length: id }, (_, n) => n + 1),
    );
    expect(descriptors(bridge.pid) - before).toBeLessThan(SPARE_DESCRIPTORS);
    expect(bridge.stderr.items.length).toBeLessThan(RESTARTS / 5);
  },
  runs(120_000, 600_000),
);
