/** The workflows, by actionlint, and by the rules of this repository. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../../../scripts/release/product.ts";

const FOLDER = join(ROOT, ".github", "workflows");
const { createLinter } = createRequire(import.meta.url)("actionlint");
const lint: (text: string, path: string) => { message: string; line: number }[] = await createLinter();

/** What GitHub has had since the linter's package was made: runners, the variables of a repository, and attestations. */
const RUNNERS = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "macos-15-intel", "windows-2025"];
const LATER = [
  ...RUNNERS.map((runner) => `label "${runner}" is unknown.`),
  'undefined variable "vars".',
  'unknown permission scope "attestations".',
];

function faultsOf(text: string, name: string): string[] {
  return lint(text, `.github/workflows/${name}`)
    .filter(({ message }) => !LATER.some((start) => message.startsWith(start)))
    .map(({ line, message }) => `${line}: ${message}`);
}

interface Job {
  /** Another workflow, in place of steps. */
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly "timeout-minutes"?: number;
  readonly permissions?: Record<string, string>;
  readonly steps?: readonly { uses?: string; run?: string; with?: Record<string, unknown> }[];
}

describe.each(readdirSync(FOLDER))("%s", (name) => {
  const text = readFileSync(join(FOLDER, name), "utf8");
  const { jobs, permissions } = parse(text) as { jobs: Record<string, Job>; permissions: Record<string, string> };
  const steps = Object.values(jobs).flatMap(({ steps = [] }) => steps);

  test("has no fault that actionlint finds", () => {
    expect(faultsOf(text, name)).toEqual([]);
  });

  test("pins every action by its commit, with the version beside it", () => {
    const uses = text.split("\n").filter((line) => /\buses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    for (const line of uses) {
      expect(line).toMatch(
        /uses: (?:[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/\w+\.yml)$/,
      );
    }
  });

  test("may read the repository, and only the job that has to may do more", () => {
    expect(permissions).toEqual({ contents: "read" });
    const writers = Object.entries(jobs).filter(([, { permissions = {} }]) =>
      Object.values(permissions).includes("write")
    );
    expect(writers.map(([job]) => job)).toEqual(
      name === "release.yml" ? ["pack", "publish", "image", "client-document"] : [],
    );
  });

  test("leaves no credential in the checkout, and ends by itself", () => {
    for (const { uses, with: given } of steps) {
      if (uses?.startsWith("actions/checkout@")) expect(given?.["persist-credentials"]).toBe(false);
    }
    for (const job of Object.values(jobs)) if (!job.uses) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });

  test("has nothing of the event in its commands: that comes by the environment", () => {
    for (const { run = "" } of steps) expect(run).not.toMatch(/\$\{\{(?!\s*matrix\.)/);
  });
});

describe("a release", () => {
  const { jobs } = parse(readFileSync(join(FOLDER, "release.yml"), "utf8")) as { jobs: Record<string, Job> };
  const commands = (job: string): string => jobs[job]!.steps!.map(({ run = "" }) => run).join("\n");

  /** All that a job waits for. */
  function before(job: string): string[] {
    const needs = [jobs[job]!.needs ?? []].flat();
    return [...needs, ...needs.flatMap(before)];
  }

  test("is published once all tests have passed, it was tried on each system, and found without a fault", () => {
    expect(jobs["test"]!.uses).toBe("./.github/workflows/ci.yml");
    expect(new Set(before("publish"))).toEqual(
      new Set(["test", "build", "try-linux", "sign-macos", "sign-windows", "pack"]),
    );
    for (const job of ["image", "client-document"]) expect(before(job)).toContain("publish");
    expect(commands("build")).toContain("release --sources --tag");
    expect(commands("pack")).toContain("release --tag");
  });

  test("says where each file comes from, and holds the files against their checksums before it is published (D2)", () => {
    const attest = jobs["pack"]!.steps!.find(({ uses }) => uses?.startsWith("actions/attest-build-provenance@"));
    expect(attest!.with).toEqual({ "subject-path": "dist/release/*" });
    const published = commands("publish");
    expect(published.indexOf("sha256sum --check --strict")).toBeGreaterThanOrEqual(0);
    expect(published.indexOf("sha256sum --check --strict")).toBeLessThan(published.indexOf("publish_github.sh"));
  });
});

test("the nightly run shows faults with their full counts, and an hour of mixed traffic", () => {
  const { jobs } = parse(readFileSync(join(FOLDER, "nightly.yml"), "utf8")) as { jobs: Record<string, Job> };
  const commands = Object.values(jobs).flatMap(({ steps = [] }) => steps.map(({ run }) => run));
  expect(commands).toContain("npx -y bun@1.4.5 run soak --minutes 60");
  expect(readFileSync(join(FOLDER, "nightly.yml"), "utf8")).toContain("part: [test/faults,");
});

test("the linter finds faults at all", () => {
  const text = "on: push\njobs:\n  a:\n    runs-on: ubuntu-23.04\n    steps:\n      - run: echo ${{ nothing.here }}\n";
  expect(faultsOf(text, "x.yml").map((fault) => fault.slice(0, 40))).toEqual([
    '4: label "ubuntu-23.04" is unknown. avai',
    '6: undefined variable "nothing". availab',
  ]);
});

describe.skipIf(process.platform === "win32")("without its secret", () => {
  const scripts = {
    "sign_macos.sh":
      "not signed: there is no secret MACOS_CERTIFICATE; the executables keep a signature that names nobody\n",
    "publish_npm.sh": "not published to npm: there is no secret NPM_TOKEN\n",
    "publish_manifests.sh": "tap and bucket not updated: there is no secret PACKAGES_TOKEN\n",
  };
  test.each(Object.entries(scripts))("%s does nothing, says so, and is no failure", (script, line) => {
    const env = { PATH: process.env.PATH };
    const { exitCode, stdout, stderr } = Bun.spawnSync(["bash", join(ROOT, "scripts", "release", script)], { env });
    expect(stdout.toString()).toStartWith(line);
    expect(stderr.toString()).toBe("");
    expect(exitCode).toBe(0);
  });
});
