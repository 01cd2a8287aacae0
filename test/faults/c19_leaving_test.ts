import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { EXECUTABLE } from "../../scripts/build.ts";
import { Executable } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { Home } from "../harness/home.ts";

/** What a client waits for before it sends a signal, in ms. */
const GRACE_MS = 2_000;

/** States in which the client may leave; each resolves when the bridge is there. */
const STATES: [name: string, reach: (server: FakeMcp, bridge: Executable) => Promise<unknown>][] = [
  ["before a word was said", () => Promise.resolve()],
  ["while initialize is unanswered", (server, bridge) => {
    server.on("initialize", () => new Promise(() => {}));
    bridge.send({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
    return server.seen.find(({ message }) => message?.method === "initialize");
  }],
  ["while the server is down", (server, bridge) => {
    server.stop();
    bridge.send({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
    return bridge.stderr.find((line) => line.includes("trying again"));
  }],
  ["at rest", async (server, bridge) => {
    await bridge.initialize();
    await server.streams.find(() => true);
  }],
  ["while a call runs", async (server, bridge) => {
    server.on("tools/call", () => new Promise(() => {}));
    await bridge.initialize();
    bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: {} });
    await server.seen.find(({ message }) => message?.method === "tools/call");
  }],
  ["while a server does not answer DELETE", async (server, bridge) => {
    server.on("DELETE", () => new Promise(() => {}));
    await bridge.initialize();
    await server.streams.find(() => true);
  }],
];

const WAYS: [name: string, leave: (bridge: Executable) => void, exitCode: number][] = [
  ["closing stdin", (bridge) => bridge.endInput(), 0],
  ["SIGTERM", (bridge) => bridge.kill("SIGTERM"), 143],
  ["SIGINT", (bridge) => bridge.kill("SIGINT"), 130],
  ["SIGHUP", (bridge) => bridge.kill("SIGHUP"), 129],
];

describe("leaving ends the process within 2 s (C19, C21)", () => {
  for (const [state, reach] of STATES) {
    for (const [way, leave, exitCode] of WAYS) {
      test(`${way} ${state}`, async () => {
        using server = new FakeMcp();
        await using bridge = new Executable(server.url);
        await Promise.all([reach(server, bridge), bridge.started()]);
        leave(bridge);
        expect(await bridge.exit(GRACE_MS)).toBe(exitCode);
        expect(bridge.stderr.items.filter((line) => !line.startsWith("mcp-bridge: "))).toEqual([]);
      });
    }
  }

  test.each(WAYS)("the session is deleted where there is one: %s", async (_way, leave) => {
    using server = new FakeMcp();
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    leave(bridge);
    await bridge.exit(GRACE_MS);
    expect([server.opened, server.deleted]).toEqual([1, 1]);
  });

  test("answers on their way still arrive, so that requests can be piped in", async () => {
    using server = new FakeMcp();
    server.on("tools/call", async () => {
      await Bun.sleep(300);
      return undefined;
    });
    await using bridge = new Executable(server.url);
    bridge.send({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
    bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: {} });
    bridge.endInput();
    expect(await bridge.exit(GRACE_MS)).toBe(0);
    await bridge.output.ended;
    expect(bridge.output.items.map((line) => JSON.parse(line).id)).toEqual([0, 1]);
    expect(server.deleted).toBe(1);
  });

  test("what the server never answers is answered by the bridge before it ends", async () => {
    using server = new FakeMcp();
    server.on("tools/call", () => new Promise(() => {}));
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    bridge.send({ jsonrpc: "2.0", id: 1, method: "tools/call", params: {} });
    bridge.endInput();
    await bridge.exit(GRACE_MS);
    await bridge.output.ended;
    expect(JSON.parse(bridge.output.items.at(-1)!)).toMatchObject({
      id: 1,
      error: { data: { code: "closing" } },
    });
  });
});

test("a reader that is gone ends the process quietly, with exit code 0 (C20)", async () => {
  using home = new Home();
  using server = new FakeMcp();
  const request = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  const shell = Bun.spawn([
    "sh",
    "-c",
    `(while echo '${request}'; do :; done) | { "${EXECUTABLE}" ${server.url}; echo "exit $?" >&2; } | head -n 1`,
  ], {
    env: home.env,
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(
    (await new Response(shell.stderr).text()).split("\n").filter((line) => !line.includes("write error")),
  ).toEqual(["exit 0", ""]);
  expect(JSON.parse(await new Response(shell.stdout).text()).id).toBe(1);
});

test.skipIf(process.platform === "win32")(
  "the death of the parent ends the process where the pipe stays open",
  async () => {
    using home = new Home();
    using server = new FakeMcp();
    // The fifo's other side stays open in this process: no end of input will come.
    const fifo = `${home.folder}/fifo`;
    Bun.spawnSync(["mkfifo", fifo]);
    const script = `"${EXECUTABLE}" ${server.url} <"${fifo}" >/dev/null 2>/dev/null & echo $!; wait`;
    const parent = Bun.spawn(["sh", "-c", script], { env: home.env, stdout: "pipe" });
    const holder = Bun.spawn([
      "sh",
      "-c",
      `exec 3>"${fifo}"; echo '{"jsonrpc":"2.0","id":1,"method":"ping"}' >&3; exec cat`,
    ], { stdin: "pipe", stdout: "ignore" });
    const reader = parent.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    await server.seen.find(({ message }) => message?.method === "ping");
    parent.kill("SIGKILL");
    const until = performance.now() + 6_000;
    while (isAlive(pid) && performance.now() < until) await Bun.sleep(50);
    expect(isAlive(pid)).toBe(false);
    holder.stdin.end();
    await holder.exited;
  },
  20_000,
);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A process that has ended stays in the table until its new parent looks, which not every container's does.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, "utf8"));
}
