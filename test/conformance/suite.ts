/** The conformance suite of the MCP project, `@modelcontextprotocol/conformance`, as the tests run it. */
import { join } from "node:path";

const ENTRY = Bun.resolveSync("@modelcontextprotocol/conformance/dist/index.js", import.meta.dir);
const DRIVER = join(import.meta.dir, "driver.ts");
const CLIENT_TIMEOUT_MS = 30_000;

/** A scenario of the suite and the revisions that it is for; `extension` stands for what belongs to none. */
export interface Scenario {
  name: string;
  revisions: string[];
}

/** What the suite found. */
export interface Verdict {
  /** No check failed, none warned, at least one was made, and the client itself was content. */
  passed: boolean;
  /** All that the suite said. */
  report: string;
}

/** Lists the scenarios that try a client. */
export async function listClientScenarios(): Promise<Scenario[]> {
  const { stdout } = await run("list", "--client");
  return [...stdout.matchAll(/^ +- (\S+) \[(.+)\]$/gm)]
    .map(([, name, revisions]) => ({ name: name!, revisions: revisions!.split(",") }));
}

/** Plays one scenario in one revision, with the driver as the client and the executable between it and the suite. */
export async function playClientScenario(revision: string, scenario: string): Promise<Verdict> {
  const { code, stdout, stderr } = await run(
    "client",
    "--command",
    // A shell takes this apart, so that paths with spaces need their quotes.
    `"${process.execPath}" "${DRIVER}"`,
    "--scenario",
    scenario,
    "--spec-version",
    revision,
    // Otherwise the suite passes over what it does not count for this revision, and calls that a success.
    "--force",
    "--timeout",
    String(CLIENT_TIMEOUT_MS),
  );
  const report = `${stdout}${stderr}`;
  const [, passed, checks] = /^Passed: (\d+)\/(\d+), 0 failed, 0 warnings$/m.exec(report) ?? [];
  const content = !/^Client (?:exited|timed out)/m.test(report) && report.includes("OVERALL: PASSED");
  return { passed: code === 0 && content && passed === checks && Number(checks) > 0, report };
}

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const suite = Bun.spawn([process.execPath, ENTRY, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(suite.stdout).text(),
    new Response(suite.stderr).text(),
    suite.exited,
  ]);
  return { code, stdout, stderr };
}
