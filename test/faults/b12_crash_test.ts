/** Defects of ours, provoked from outside, since the executable has no means for it. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Home } from "../harness/home.ts";

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");
const SECRET = "s3cret-value-of-a-person";

/** Where it may come to light. */
const PLACES: readonly [where: string, statement: string][] = [
  ["in a timer", "throw failure;"],
  ["in a microtask", "queueMicrotask(() => { throw failure; });"],
  ["in a promise that nobody waits for", "void Promise.reject(failure);"],
  ["in a listener", 'process.on("x", () => { throw failure; }); process.emit("x");'],
  ["in an error that nobody listens for", 'new (require("node:events"))().emit("error", failure);'],
  ["in a stream", "new ReadableStream({ start() { throw failure; } });"],
  ["as a text", `throw "${SECRET}";`],
  ["as an object", `throw { token: "${SECRET}" };`],
];

/** What runs beside the program: the defect, as soon as the program is there. */
function defect(statement: string): string {
  return `
    const failure = Object.assign(new TypeError("bad ${SECRET}"), { token: "${SECRET}", cause: new Error("${SECRET}") });
    function once() {
      if (process.listenerCount("uncaughtException") === 0) return void setTimeout(once, 5);
      ${statement}
    }
    setTimeout(once, 5);
  `;
}

describe("a defect ends the process with exit code 1 and one error that holds no value (B12)", () => {
  test.each(PLACES)("%s", async (_where, statement) => {
    using home = new Home();
    const preload = join(home.folder, "defect.ts");
    writeFileSync(preload, defect(statement));
    const words = [process.execPath, "--preload", preload, MAIN, "http://127.0.0.1:9/mcp"];
    const program = Bun.spawn(words, {
      cwd: home.folder,
      env: home.env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(program.stdout).text(),
      new Response(program.stderr).text(),
      program.exited,
    ]);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect(stderr).not.toContain(SECRET);
    expect(stderr).toMatch(/^mcp-bridge: error: unexpected failure: [^\n]+\nmcp-bridge: hint: [^\n]+\n$/);
  });
});
