/** The executables of all targets, built here and started as far as this machine can be theirs: `bun run release:check`. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compile } from "../../scripts/build.ts";
import { buildDetails } from "../../scripts/build_details.ts";
import { buildTarget, executableOf } from "../../scripts/release/build_targets.ts";
import { sha256Of } from "../../scripts/release/checksums.ts";
import type { Component } from "../../scripts/release/components.ts";
import { isSignatureRight, withSignature } from "../../scripts/release/macos_signature.ts";
import { readProduct, ROOT } from "../../scripts/release/product.ts";
import { type Target, TARGETS } from "../../scripts/release/targets.ts";
import { Executable, outcomeOf, type Surroundings } from "../harness/executable.ts";
import { FakeMcp } from "../harness/fake_mcp.ts";
import { arm64, hasArm64, hasMusl, hasWindows, musl, windows } from "./foreign_systems.ts";

const isFull = process.env.TEST_COUNTS === "full";
const isLinux = process.platform === "linux" && process.arch === "x64";
const outdir = mkdtempSync(join(tmpdir(), "targets-test-"));
const product = readProduct();
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

function named(name: string): Target {
  return TARGETS.find((target) => target.name === name)!;
}

/** What is in the executables that were built so far. */
const components = new Map<Target, Component[]>();

/** The executable of a target, built where it is not yet. */
function built(target: Target): string {
  if (!components.has(target)) components.set(target, buildTarget(target, outdir));
  return executableOf(outdir, target);
}

describe.skipIf(!isFull)("the executables of a release", () => {
  test("are there for nine targets, each with the same packages in it", () => {
    for (const target of TARGETS) expect(statSync(built(target)).size).toBeGreaterThan(80e6);
    expect(components.size).toBe(9);
    for (const each of components.values()) expect(each).toEqual(components.get(TARGETS[0]!)!);
  }, 1_800_000);

  test("are the same bytes when they are built once more in another folder", async () => {
    const other = join(outdir, "another folder");
    for (const target of TARGETS) {
      buildTarget(target, other);
      expect(await sha256Of(executableOf(other, target))).toBe(await sha256Of(built(target)));
    }
  }, 1_800_000);

  test.skipIf(!isLinux)(
    "are, for this machine, byte for byte what `bun run build` makes, and so start as fast",
    async () => {
      const own = join(outdir, "own", "mcp-bridge");
      compile(join(ROOT, "src", "main.ts"), own);
      expect(await sha256Of(built(named("linux-x64")))).toBe(await sha256Of(own));
    },
    300_000,
  );

  describe.skipIf(!isLinux)("of linux-x64 and linux-x64-baseline", () => {
    test("do their work here", async () => {
      await expectWork("linux-x64", {});
      await expectWork("linux-x64-baseline", {});
    }, 300_000);
  });

  describe.skipIf(!hasMusl)("of linux-x64-musl", () => {
    test("does its work with musl", () => expectWork("linux-x64-musl", musl(join(outdir, "musl"))), 300_000);
  });

  describe.skipIf(!hasArm64)("of linux-arm64", () => {
    test("does its work on an emulated processor", () => expectWork("linux-arm64", arm64), 300_000);
  });

  test("of Linux want the loader of their C library, and nothing else beside it but libstdc++ with musl", () => {
    const interpreters = TARGETS.filter(({ os }) => os === "linux")
      .map((target) => /\/lib(?:64)?\/ld-[\w.-]+\.so\.\d/.exec(headOf(built(target), 4096))![0]);
    expect(interpreters).toEqual([
      "/lib64/ld-linux-x86-64.so.2",
      "/lib64/ld-linux-x86-64.so.2",
      "/lib/ld-musl-x86_64.so.1",
      "/lib/ld-linux-aarch64.so.1",
      "/lib/ld-musl-aarch64.so.1",
    ]);
  }, 600_000);

  describe.skipIf(!hasWindows)("of windows-x64", () => {
    let there: Surroundings;
    beforeAll(() => {
      const executable = built(named("windows-x64"));
      there = { ...windows(join(outdir, "wine"), dirname(executable)), executable };
    }, 300_000);

    test("says who it is, and its help, in wine", async () => {
      const { stdout } = await outcomeOf(there, "--version", "--json");
      expect(JSON.parse(stdout)).toMatchObject({ version: product.version, platform: "win32", arch: "x64" });
      expect((await outcomeOf(there, "--help")).stdout).toContain("mcp-bridge <url>");
    }, 300_000);

    test("serves over HTTP, in wine", async () => {
      using server = new FakeMcp();
      const home = join(outdir, "home");
      mkdirSync(home);
      writeFileSync(join(home, "servers.json"), JSON.stringify({ mcpServers: { one: { url: server.url } } }));
      const env = {
        ...there.env,
        MCP_BRIDGE_HOME: `Z:${home.replaceAll("/", "\\")}`,
        MCP_BRIDGE_VAULT_KEY: "passphrase",
        MCP_BRIDGE_PASSPHRASE: "in wine",
      };
      await using endpoint = new Executable({ ...there, env }, "serve", "--port", "0");
      const line = await endpoint.stderr.find((each) => each.includes("serving 1 server"), 0, there.patienceMs);
      const token = (await outcomeOf({ ...there, env }, "serve", "--show-token")).stdout.trim();
      const url = `${/http:\S+\/mcp/.exec(line)![0]}/one`;
      const client = new Client({ name: "release-check", version: "1.0.0" });
      const requestInit = { headers: { authorization: `Bearer ${token}` } };
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
      expect((await client.callTool({ name: "echo", arguments: {} })).content).toBeArray();
      await client.close();
    }, 600_000);
  });

  test("of Windows carry our icon, version and name, and our part behind all sections", () => {
    for (const target of TARGETS.filter(({ os }) => os === "win32")) {
      const exe = readFileSync(built(target));
      const details = {
        ProductName: "mcp-bridge",
        FileVersion: product.version,
        ProductVersion: product.version,
        FileDescription: product.description,
        OriginalFilename: "mcp-bridge.exe",
      };
      for (const [name, value] of Object.entries(details)) expect(detailOf(exe, name)).toBe(value);
      expect(sectionsOf(exe).at(-1)).toBe(".bun");
      const icon = readFileSync(join(ROOT, "scripts", "release", "icon.png"));
      expect(exe.includes(icon)).toBe(true);
    }
  }, 300_000);

  test("of macOS are programs of their processor, with our part in a section", () => {
    const macho = require("macho");
    const processors = { "darwin-x64": "x86_64", "darwin-arm64": "arm64" };
    for (const [name, cpu] of Object.entries(processors)) {
      const { filetype, cpu: found, cmds } = macho.parse(readFileSync(built(named(name))));
      expect([filetype, found.type]).toEqual(["execute", cpu]);
      const segments = cmds.filter(({ type }: { type: string }) => type === "segment_64");
      expect(segments.map(({ name }: { name: string }) => name)).toContain("__BUN");
    }
  }, 300_000);

  test("of macOS have a signature that is right for every page, without which they would be killed", () => {
    for (const target of TARGETS.filter(({ os }) => os === "darwin")) {
      expect(isSignatureRight(readFileSync(built(target)))).toBe(true);
    }
    // Where the compiler signs, ours is the same to the byte.
    const program = readFileSync(built(named("darwin-arm64")));
    expect(withSignature(program, "a.out").equals(program)).toBe(true);
  }, 300_000);
});

/** The smoke test: who it is, what it wants, and a call through it. */
async function expectWork(name: string, surroundings: Surroundings): Promise<void> {
  const there = { ...surroundings, executable: built(named(name)) };
  const { BUILD_COMMIT, BUILD_DATE } = buildDetails(ROOT);
  expect(JSON.parse((await outcomeOf(there, "--version", "--json")).stdout)).toMatchObject({
    version: product.version,
    commit: BUILD_COMMIT,
    date: BUILD_DATE,
    target: named(name).bun,
    bun: Bun.version,
  });
  expect((await outcomeOf(there, "--verison")).stderr).toContain("--version");
  using server = new FakeMcp();
  await using bridge = new Executable(there, server.url);
  await bridge.initialize();
  const answer = await bridge.request({ id: 7, method: "tools/call", params: { name: "echo" } });
  expect(answer).toMatchObject({ id: 7 });
  expect(answer.result).toBeDefined();
  bridge.endInput();
  expect(await bridge.exit(there.patienceMs ?? 10_000)).toBe(0);
}

function headOf(file: string, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  const descriptor = openSync(file, "r");
  readSync(descriptor, buffer);
  closeSync(descriptor);
  return buffer.toString("latin1");
}

/** What a Windows program says of itself under `name`: text in UTF-16, the name and the value with zeros behind each. */
function detailOf(exe: Buffer, name: string): string | undefined {
  const details = exe.lastIndexOf(Buffer.from("VS_VERSION_INFO", "utf16le"));
  const place = exe.indexOf(Buffer.from(`${name}\0`, "utf16le"), details);
  if (details < 0 || place < 0) return undefined;
  return /^\0+([^\0]+)\0/.exec(exe.subarray(place + 2 * name.length, place + 1024).toString("utf16le"))?.[1];
}

/** The names of a Windows program's sections, in the order of the file. */
function sectionsOf(exe: Buffer): string[] {
  const header = exe.readUInt32LE(0x3c);
  const count = exe.readUInt16LE(header + 6);
  const first = header + 24 + exe.readUInt16LE(header + 20);
  return Array.from(
    { length: count },
    (_, index) => exe.subarray(first + index * 40, first + index * 40 + 8).toString("latin1").replace(/\0+$/, ""),
  );
}
