/** What goes into the executable, and by which hands it is built. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, EXECUTABLE } from "../../scripts/build.ts";
import { Home } from "../harness/home.ts";

const ROOT = join(import.meta.dir, "..", "..");
const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

let home: Home;
beforeAll(() => {
  home = new Home();
});
afterAll(() => home[Symbol.dispose]());

function digestOf(file: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");
}

test("the same source gives the same bytes, wherever it is built (D1)", () => {
  const main = join(ROOT, "src", "main.ts");
  const digests = ["one", "other"].map((folder) => {
    mkdirSync(join(home.folder, folder));
    const outfile = join(home.folder, folder, "mcp-bridge");
    compile(main, outfile);
    return digestOf(outfile);
  });
  expect(digests[0]).toBe(digests[1]!);
}, 300_000);

describe("the executable has no means of tests (D4)", () => {
  test.each(["TEST_COUNTS", "mcp-bridge-home-", "The process still runs after", "test/harness"])(
    "no %j",
    (text) => expect(readFileSync(EXECUTABLE).includes(text)).toBe(false),
  );

  test("and no file of it asks the environment whether it is tested", () => {
    const found = sources().flatMap(({ text }) =>
      [...text.matchAll(/\benv\[?\.?"?([A-Z][A-Z0-9_]+)/g)].map(([, name]) => name!)
    );
    expect(found.length).toBeGreaterThan(5);
    for (const name of found) {
      expect(name).not.toMatch(/TEST|NODE_ENV|JEST|FAKE|MOCK|^CI$/);
    }
  });

  test("nor is anything of the tests imported", () => {
    for (const { file, text } of sources()) expect([file, /from "[^"]*\/test\//.test(text)]).toEqual([file, false]);
  });
});

function sources(): { file: string; text: string }[] {
  const folder = join(ROOT, "src");
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));
}

describe("no dependency changes by itself (D5)", () => {
  test("each is named with its very version", () => {
    const versions = Object.entries({ ...PACKAGE.dependencies, ...PACKAGE.devDependencies });
    expect(versions.length).toBeGreaterThan(10);
    for (const [name, version] of versions) {
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+(?:-[\w.]+)?$/)]);
    }
  });

  test("each step takes what the lock file says", () => {
    for (const [name, script] of Object.entries<string>(PACKAGE.scripts)) {
      if (name !== "demo") {
        expect([name, script]).toEqual([name, expect.stringContaining("bun install --frozen-lockfile")]);
      }
    }
  });

  test("what departs from it is not installed", () => {
    const folder = join(home.folder, "departed");
    mkdirSync(folder);
    cpSync(join(ROOT, "bun.lockb"), join(folder, "bun.lockb"));
    const departed = { ...PACKAGE, dependencies: { ...PACKAGE.dependencies, mri: "1.1.6" } };
    writeFileSync(join(folder, "package.json"), JSON.stringify(departed));
    const command = [process.execPath, "install", "--frozen-lockfile", "--ignore-scripts"];
    const install = Bun.spawnSync(command, { cwd: folder, stdout: "pipe", stderr: "pipe", timeout: 30_000 });
    expect(install.success).toBe(false);
    expect(install.stderr.toString()).toContain("lockfile");
    expect(existsSync(join(folder, "node_modules", "mri"))).toBe(false);
  });
});

test("each action of the build is pinned by its commit (D6)", () => {
  const folder = join(ROOT, ".github", "workflows");
  const used = readdirSync(folder).flatMap((file) => {
    return [...readFileSync(join(folder, file), "utf8").matchAll(/\buses:\s*(\S+)/g)].map(([, action]) => action!);
  });
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/@[0-9a-f]{40}$|^\.\/\.github\/workflows\/\w+\.yml$/);
});

describe("each dependency of the executable (D7)", () => {
  test("stands in the README with its reason", () => {
    const [, list] = readFileSync(join(ROOT, "README.md"), "utf8").split(/^## Dependencies$/m);
    const listed = [...list!.split("For building")[0]!.matchAll(/^\| `([^`]+)` \| (\S.*) \|$/gm)].map(([, name]) =>
      name!
    );
    expect(listed.sort()).toEqual(Object.keys(PACKAGE.dependencies).sort());
  });

  test("has a licence that lets us, and so has all that it brings along", () => {
    const names = closureOf(Object.keys(PACKAGE.dependencies));
    expect(names.size).toBeGreaterThanOrEqual(Object.keys(PACKAGE.dependencies).length);
    for (const name of names) {
      const { license } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
      expect([name, license]).toEqual([
        name,
        expect.stringMatching(/^(?:MIT|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0)$/),
      ]);
    }
  });
});

function closureOf(names: readonly string[], known = new Set<string>()): Set<string> {
  for (const name of names) {
    if (known.has(name)) continue;
    const file = join(ROOT, "node_modules", name, "package.json");
    if (!existsSync(file)) continue;
    known.add(name);
    closureOf(Object.keys(JSON.parse(readFileSync(file, "utf8")).dependencies ?? {}), known);
  }
  return known;
}
