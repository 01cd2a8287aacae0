/** How a release is published, with stand-ins for `gh` and `npm` that keep what they are given in a folder, and git itself. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ROOT } from "../../../scripts/release/product.ts";

/** A release is a file that says whether it is a draft; an upload fails where the test wants it to. */
const GH = `
case "$1 $2" in
  "release view") [ -f "$STATE/release" ] && cat "$STATE/release" ;;
  "release create") [ ! -f "$STATE/release" ] && echo true >"$STATE/release" ;;
  "release upload") [ ! -f "$STATE/broken" ] && touch "$STATE/uploaded" ;;
  "release edit") echo false >"$STATE/release" ;;
esac`;
/** A package that is published is a file; those that the test names cannot be. */
const NPM = `
case "$1" in
  view) [ -f "$STATE/$(echo "$2" | tr / _)" ] && echo 1.2.3 ;;
  publish)
    name="$(basename "$(dirname "$2")")_$(basename "$2")@1.2.3"
    [ "$(basename "$2")" = mcp-bridge ] && name=mcp-bridge@1.2.3
    [ "$name" = "$BROKEN" ] && exit 1
    touch "$STATE/$name" ;;
esac`;
const NAMES = ["@mcp-bridge/linux-x64", "@mcp-bridge/win32-x64", "mcp-bridge"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "publish-test-"));
  for (const name of ["scripts/release", "dist/release", "bin", "state"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ["publish_github.sh", "publish_npm.sh", "publish_manifests.sh"]) {
    copyFileSync(join(ROOT, "scripts/release", name), join(folder, "scripts/release", name));
  }
  writeFileSync(join(folder, "dist/release/a.zip"), "");
  const npm = join(folder, "dist/publish/npm");
  for (const name of NAMES) {
    mkdirSync(join(npm, name), { recursive: true });
    writeFileSync(join(npm, name, "package.json"), JSON.stringify({ name, version: "1.2.3" }));
  }
  writeFileSync(join(npm, "order.txt"), NAMES.map((name) => `${name}\n`).join(""));
  for (const [name, does] of [["gh", GH], ["npm", NPM]]) {
    writeFileSync(join(folder, "bin", name!), `#!/bin/sh\necho "$*" >>'${folder}/said'\n${does}\n`, { mode: 0o755 });
  }
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script; the exit code, its last line, and what changed something. */
function publish(script: string, env: Record<string, string> = {}): { exitCode: number; said: string; did: string[] } {
  writeFileSync(join(folder, "said"), "");
  const { exitCode, stdout } = Bun.spawnSync(["bash", join(folder, "scripts/release", script)], {
    env: { PATH: `${folder}/bin:${process.env.PATH}`, STATE: join(folder, "state"), TAG: "v1.2.3", ...env },
  });
  const did = readFileSync(join(folder, "said"), "utf8").split("\n").filter((line) =>
    !/^(?:release )?view |^$/.test(line)
  );
  return { exitCode, said: stdout.toString(), did };
}

describe.skipIf(process.platform === "win32")("on GitHub", () => {
  test("a release is seen once all its files are there", () => {
    expect(publish("publish_github.sh")).toEqual({
      exitCode: 0,
      said: "released v1.2.3\n",
      did: [
        "release create v1.2.3 --draft --verify-tag --title v1.2.3 --notes-file dist/publish/notes.md",
        "release upload v1.2.3 --clobber dist/release/a.zip",
        "release edit v1.2.3 --draft=false --latest",
      ],
    });
  });

  test("one that broke off stays a draft, and is completed by another run", () => {
    writeFileSync(join(folder, "state/broken"), "");
    expect(publish("publish_github.sh").exitCode).not.toBe(0);
    expect(readFileSync(join(folder, "state/release"), "utf8")).toBe("true\n");
    rmSync(join(folder, "state/broken"));
    const { exitCode, did } = publish("publish_github.sh");
    expect(did.map((line) => line.split(" ")[1])).toEqual(["upload", "edit"]);
    expect(exitCode).toBe(0);
  });

  test("one that is published is left alone", () => {
    writeFileSync(join(folder, "state/release"), "false\n");
    expect(publish("publish_github.sh")).toEqual({ exitCode: 0, said: "the release v1.2.3 is there\n", did: [] });
  });
});

describe.skipIf(process.platform === "win32")("on npm", () => {
  const published = (did: string[]): string[] => did.map((line) => line.split(" ")[1]!);

  test("the launcher comes last, and not before all others are there", () => {
    const env = { NODE_AUTH_TOKEN: "t", BROKEN: "@mcp-bridge_win32-x64@1.2.3" };
    const { exitCode, did } = publish("publish_npm.sh", env);
    expect(exitCode).not.toBe(0);
    expect(published(did)).toEqual(["./@mcp-bridge/linux-x64", "./@mcp-bridge/win32-x64"]);
  });

  test("what is there is passed over", () => {
    publish("publish_npm.sh", { NODE_AUTH_TOKEN: "t", BROKEN: "mcp-bridge@1.2.3" });
    const { exitCode, said, did } = publish("publish_npm.sh", { NODE_AUTH_TOKEN: "t" });
    expect(said).toBe("@mcp-bridge/linux-x64 1.2.3 is there\n@mcp-bridge/win32-x64 1.2.3 is there\n");
    expect(published(did)).toEqual(["./mcp-bridge"]);
    expect(did[0]).toEndWith("--access public --provenance");
    expect(exitCode).toBe(0);
  });
});

describe.skipIf(process.platform === "win32")("in the tap and the bucket", () => {
  const REPOSITORIES = { "homebrew-tap": "Formula/mcp-bridge.rb", "scoop-bucket": "bucket/mcp-bridge.json" };

  function git(...words: string[]): string {
    const identity = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
    const { success, stdout, stderr } = Bun.spawnSync(["git", ...identity, ...words], { cwd: folder });
    if (!success) throw new Error(stderr.toString());
    return stdout.toString();
  }

  /** Runs the script where what it calls GitHub is a folder. */
  function update(): { exitCode: number; said: string } {
    const env = {
      PACKAGES_TOKEN: "the token",
      OWNER: "somebody",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.file://${folder}/remote/.insteadOf`,
      GIT_CONFIG_VALUE_0: "https://github.com/",
      TMPDIR: join(folder, "state"),
    };
    const { exitCode, said } = publish("publish_manifests.sh", env);
    return { exitCode, said };
  }

  test("the new files stand in one commit with the version, beside what is there, and once", () => {
    for (const [name, file] of Object.entries(REPOSITORIES)) {
      const bare = join(folder, "remote/somebody", `${name}.git`);
      git("init", "--quiet", "--bare", "--initial-branch=main", bare);
      git("clone", "--quiet", bare, join(folder, name));
      writeFileSync(join(folder, name, "README.md"), "ours");
      git("-C", name, "add", "--all");
      git("-C", name, "commit", "--quiet", "--message", "first");
      git("-C", name, "push", "--quiet", "origin", "HEAD:main");
      const made = join(folder, "dist/publish", name.split("-")[0]!, file);
      mkdirSync(dirname(made), { recursive: true });
      writeFileSync(made, "of 1.2.3");
    }
    expect(update()).toEqual({ exitCode: 0, said: "homebrew-tap updated\nscoop-bucket updated\n" });
    for (const [name, file] of Object.entries(REPOSITORIES)) {
      const bare = join(folder, "remote/somebody", `${name}.git`);
      expect(git("-C", bare, "log", "--format=%s", "main")).toBe("mcp-bridge 1.2.3\nfirst\n");
      expect(git("-C", bare, "show", `main:${file}`)).toBe("of 1.2.3");
      expect(git("-C", bare, "show", "main:README.md")).toBe("ours");
    }
    expect(update()).toEqual({ exitCode: 0, said: "homebrew-tap is up to date\nscoop-bucket is up to date\n" });
    expect(readdirSync(join(folder, "state"))).toEqual([]);
  }, 30_000);
});
