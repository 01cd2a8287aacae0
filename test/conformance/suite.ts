/** The conformance suite of the MCP project, `@modelcontextprotocol/conformance`, as the tests run it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ENTRY = Bun.resolveSync("@modelcontextprotocol/conformance/dist/index.js", import.meta.dir);
const DRIVER = join(import.meta.dir, "driver.ts");
const CLIENT_TIMEOUT_MS = 30_000;
/** Less than a test may take, so that no suite outlives a test that gave up on it. */
const SUITE_TIMEOUT_MS = 55_000;

/** A scenario of the suite and the revisions that it is for; `extension` stands for what belongs to none. */
export interface Scenario {
  name: string;
  revisions: string[];
}

/** What the suite found. */
export interface Verdict {
  /** No check failed, none warned, at least one was made, and the client itself, if it is one, was content. */
  passed: boolean;
  /** What the suite said. */
  report: string;
}

/** Lists the scenarios that try a client. */
export function listClientScenarios(): Promise<Scenario[]> {
  return list("--client");
}

/** Lists the scenarios that try a server. */
export function listServerScenarios(): Promise<Scenario[]> {
  return list("--server");
}

/** What the suite plays against a server, where it is asked for all that a revision requires. */
export interface ServerRequirements {
  /** What a server must pass. */
  readonly required: readonly string[];
  /** What is played besides. */
  readonly others: readonly string[];
}

/** Lists what `revision` requires of a server. */
export async function listServerRequirements(revision: string): Promise<ServerRequirements> {
  const { stdout } = await run(["list", "--requirements", revision]);
  const [, ofServers = ""] = /^Server scenarios .*\n((?: +- .*\n)*)/m.exec(stdout) ?? [];
  return {
    required: [...ofServers.matchAll(/- (\S+)$/gm)].map(([, name]) => name!),
    others: [...stdout.matchAll(/^ +- (\S+) \[server\]$/gm)].map(([, name]) => name!),
  };
}

/** What the driver does other than by itself. */
export interface Play {
  /** How its client begins: as the revision has it, or with a handshake whatever the revision. */
  readonly era?: "own" | "legacy";
  /** What the executable is started with; nothing by itself. */
  readonly flags?: string;
}

/** Plays one scenario in one revision, with the driver as the client and the executable between it and the suite. */
export async function playClientScenario(
  revision: string,
  scenario: string,
  { era = "own", flags }: Play = {},
): Promise<Verdict> {
  const { code, stdout, stderr } = await run(
    [
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
    ],
    { CLIENT_ERA: era, ...(flags === undefined ? {} : { BRIDGE_FLAGS: flags }) },
  );
  const report = `${stdout}${stderr}`;
  const [, passed, checks] = /^Passed: (\d+)\/(\d+), 0 failed, 0 warnings$/m.exec(report) ?? [];
  const content = !/^Client (?:exited|timed out)/m.test(report) && report.includes("OVERALL: PASSED");
  return { passed: code === 0 && content && passed === checks && Number(checks) > 0, report };
}

/** Plays against the server at `url` all that `revision` requires of it, and gives the verdicts by scenario. */
export function playServerRequirements(revision: string, url: string): Promise<ReadonlyMap<string, Verdict>> {
  return playServer(url, "--requirements", revision);
}

/** Plays one scenario against the server at `url`, in the revision that the suite has for it. */
export async function playServerScenario(scenario: string, url: string): Promise<Verdict | undefined> {
  return (await playServer(url, "--scenario", scenario)).get(scenario);
}

async function playServer(url: string, ...args: string[]): Promise<ReadonlyMap<string, Verdict>> {
  const folder = mkdtempSync(join(tmpdir(), "mcp-bridge-conformance-"));
  try {
    // Whether anything warned stands nowhere but in the results.
    await run(["server", "--url", url, ...args, "--output-dir", folder]);
    return new Map(
      readdirSync(folder).map((name) => {
        const [, scenario = name] = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(name) ?? [];
        return [scenario, judge(JSON.parse(readFileSync(join(folder, name, "checks.json"), "utf8")))];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Check {
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
}

function judge(checks: readonly Check[]): Verdict {
  const faults = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING");
  return {
    passed: faults.length === 0 && checks.some(({ status }) => status === "SUCCESS"),
    report: JSON.stringify(faults.length > 0 ? faults : checks, null, 2),
  };
}

async function list(whose: "--client" | "--server"): Promise<Scenario[]> {
  const { stdout } = await run(["list", whose]);
  return [...stdout.matchAll(/^ +- (\S+) \[(.+)\]$/gm)]
    .map(([, name, revisions]) => ({ name: name!, revisions: revisions!.split(",") }));
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const suite = Bun.spawn([process.execPath, ENTRY, ...args], {
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: SUITE_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(suite.stdout).text(),
    new Response(suite.stderr).text(),
    suite.exited,
  ]);
  return { code, stdout, stderr };
}
