import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Executable, type Message } from "../harness/executable.ts";
import { Home } from "../harness/home.ts";

const SERVER = [process.execPath, join(import.meta.dir, "../harness/stdio_server.ts")];

function call(bridge: Executable, id: number, name: string): Promise<Message> {
  return bridge.request({ id, method: "tools/call", params: { name } });
}

/** Whether a process runs; one that has ended may stay in the table where nobody asks how it ended. */
function isAlive(pid: number): boolean {
  if (process.platform === "linux") {
    return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Waits for a process that is about to end. */
async function isGone(pid: number, withinMs: number): Promise<boolean> {
  for (const late = performance.now() + withinMs; isAlive(pid);) {
    if (performance.now() > late) return false;
    await Bun.sleep(20);
  }
  return true;
}

describe("a server on this machine", () => {
  test("is started without a shell: its arguments arrive as they are", async () => {
    const args = ["$HOME", "`id`", "a b", "*", '"', "--header", "--"];
    await using bridge = new Executable("--", ...SERVER, ...args);
    await bridge.initialize();
    expect((await call(bridge, 1, "argv")).result).toEqual(args);
  });

  test("gets the environment that we were given, and nothing of what is ours alone", async () => {
    const env = { API_KEY: "for the server", MCP_BRIDGE_SECRET: "for us" };
    await using bridge = new Executable({ env }, "--", ...SERVER);
    await bridge.initialize();
    const { result } = await call(bridge, 1, "env");
    expect(result.API_KEY).toBe("for the server");
    expect(Object.keys(result).filter((name) => name.startsWith("MCP_BRIDGE_"))).toEqual([]);
  });

  test("has its words on standard error in our log, and a flood of them cut short without holding it up", async () => {
    await using bridge = new Executable("--", ...SERVER);
    await bridge.initialize();
    expect((await call(bridge, 1, "flood")).result).toEqual({ flooded: true });
    expect((await call(bridge, 2, "count")).result).toEqual({ count: 1 });
    bridge.endInput();
    await bridge.exit(2_000);
    await bridge.stderr.ended;
    const told = bridge.stderr.items.filter((line) => line.includes('says "line '));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(200);
    expect(bridge.stderr.items.join("\n")).toMatch(/says \d+ more lines, which are left out/);
  });

  test("may write something other than messages to its standard output, which is told and costs nothing", async () => {
    await using bridge = new Executable("--", ...SERVER, "chatty");
    expect((await bridge.initialize()).result.protocolVersion).toBe("2025-11-25");
    await bridge.stderr.find((line) => line.includes('says "Listening for messages" on its standard output'));
    expect((await call(bridge, 1, "count")).result).toEqual({ count: 1 });
  });

  test("that writes half an answer gets an error for that request alone", async () => {
    await using bridge = new Executable("--", ...SERVER);
    await bridge.initialize();
    expect((await call(bridge, 1, "damaged")).error.data.code).toBe("bad_answer");
    expect((await call(bridge, 2, "count")).result).toEqual({ count: 1 });
  });

  test("that ends in a call is started again; the call is told what happened, and its last words", async () => {
    await using bridge = new Executable("--", ...SERVER);
    await bridge.initialize();
    expect((await call(bridge, 1, "count")).result).toEqual({ count: 1 });
    const { error } = await call(bridge, 2, "exit");
    expect(error.message).toContain("ended (exit code 7)");
    expect(error.message).toContain("out of cheese");
    expect(error.message).toContain("unknown whether the request was carried out");
    expect((await call(bridge, 3, "count")).result).toEqual({ count: 1 });
  });

  test("that closes its standard output is ended and started again", async () => {
    await using bridge = new Executable("--", ...SERVER);
    await bridge.initialize();
    const { pid } = (await call(bridge, 1, "pid")).result;
    expect((await call(bridge, 2, "mute")).error.data.code).toBe("outcome_unknown");
    expect(await isGone(pid, 2_000)).toBe(true);
    expect((await call(bridge, 3, "count")).result).toEqual({ count: 1 });
  });

  test.each(["", "stubborn"])("ends with us, in time, whatever it does about it: %p", async (mode) => {
    await using bridge = new Executable("--", ...SERVER, mode);
    await bridge.initialize();
    const { pid } = (await call(bridge, 1, "pid")).result;
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    expect(await isGone(pid, 500)).toBe(true);
  });

  test("ends when we are killed", async () => {
    await using bridge = new Executable("--", ...SERVER);
    await bridge.initialize();
    const { pid } = (await call(bridge, 1, "pid")).result;
    bridge.kill("SIGKILL");
    expect(await isGone(pid, 2_000)).toBe(true);
  });

  test("ends with what it has started in turn", async () => {
    const server = SERVER.map((word) => `'${word}'`).join(" ");
    await using bridge = new Executable("--", "sh", "-c", `exec 3<&0; ${server} stubborn <&3 & wait`);
    await bridge.initialize();
    const { pid } = (await call(bridge, 1, "pid")).result;
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    expect(await isGone(pid, 500)).toBe(true);
  });
});

describe("a command that is no server", () => {
  test("does not exist: the error names it, and what to do", async () => {
    await using bridge = new Executable("--", "no-such-program");
    const { error } = await bridge.initialize();
    expect(error.message).toContain('there is no program "no-such-program"');
    expect(error.data).toMatchObject({ code: "bad_command", hint: expect.stringContaining("whole path") });
  });

  test("cannot be run", async () => {
    using home = new Home();
    const file = join(home.folder, "script");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o600);
    await using bridge = new Executable("--", file);
    const { error } = await bridge.initialize();
    expect(error.message).toContain("cannot be started (EACCES)");
  });

  test("ends at once: the error says how, with its last words, and it is not started over and over", async () => {
    using home = new Home();
    const marks = join(home.folder, "marks");
    await using bridge = new Executable("--", "sh", "-c", `echo x >> '${marks}'; echo no API_KEY >&2; exit 3`);
    const { error } = await bridge.initialize();
    expect(error.message).toContain("ended at once (exit code 3)");
    expect(error.message).toContain("no API_KEY");
    expect(error.data.code).toBe("bad_command");
    expect(await Bun.file(marks).text()).toBe("x\n");
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
  });

  test("is not said behind the dashes, or said beside an address", async () => {
    for (const words of [["--"], ["http://127.0.0.1/", "--", "x"], ["--insecure", "--", "x"]]) {
      await using bridge = new Executable({}, ...words);
      expect(await bridge.exit(5_000)).toBe(2);
    }
  });
});
