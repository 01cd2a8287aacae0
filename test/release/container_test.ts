/**
 * The container of `serve`, built as its description says by Debian's `buildah`, and run. The image that it starts from is
 * in a registry; in its place are this machine's C library and a user of that name.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { EXECUTABLE } from "../../scripts/build.ts";
import { writeContainer } from "../../scripts/release/container.ts";
import { readProduct, ROOT } from "../../scripts/release/product.ts";
import { Executable, outcomeOf, type Surroundings } from "../harness/executable.ts";

const folder = mkdtempSync(join(tmpdir(), "container-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Nothing of it comes into the store of this machine, and nothing is asked of its kernel that a container may not ask.
const BUILDAH = [
  "buildah",
  "--root",
  join(folder, "root"),
  "--runroot",
  join(folder, "run"),
  "--storage-driver",
  "vfs",
];
const [, BASE] = /^FROM (\S+)$/m.exec(readFileSync(join(ROOT, "scripts/release/Containerfile"), "utf8"))!;
const NONROOT = 65532;

function buildah(...words: string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync([...BUILDAH, ...words]);
  if (!success) throw new Error(`buildah ${words[0]}: ${stderr}`);
  return stdout.toString().trim();
}

/** The C library that the executable is linked with here, by the paths that it asks for. */
function libraries(): string[] {
  return [...Bun.spawnSync(["ldd", EXECUTABLE]).stdout.toString().matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
}

/** An image of the base's name, with what it has that we need. */
function makeBase(): void {
  const top = join(folder, "base");
  for (const path of libraries()) {
    mkdirSync(join(top, dirname(path)), { recursive: true });
    copyFileSync(realpathSync(path), join(top, path));
  }
  mkdirSync(join(top, "etc"));
  writeFileSync(join(top, "etc/passwd"), `nonroot:x:${NONROOT}:${NONROOT}:nonroot:/home/nonroot:/sbin/nologin\n`);
  writeFileSync(join(top, "etc/group"), `nonroot:x:${NONROOT}:\n`);
  const container = buildah("from", "scratch");
  buildah("copy", "--quiet", container, top, "/");
  buildah("commit", "--quiet", container, BASE!);
}

/** Whose process listens at a port, as the kernel says. */
function userAt(port: number): number {
  const place = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync("/proc/net/tcp", "utf8").split("\n").map((row) => row.trim().split(/\s+/));
  return Number(rows.find(([, local, , state]) => local?.endsWith(place) && state === "0A")![7]);
}

interface Image {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Volumes: Readonly<Record<string, unknown>>;
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
}

const isFull = process.env.TEST_COUNTS === "full";
const canBuild = isFull && process.platform === "linux" && process.getuid?.() === 0 && Bun.which("buildah") !== null;
describe.skipIf(!canBuild)("the container of serve", () => {
  let image: Image;
  let inside: Surroundings;
  beforeAll(() => {
    makeBase();
    const place = join(folder, "container");
    writeContainer(place, () => EXECUTABLE, "licences");
    const file = join(place, "Containerfile");
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const platform = ["--build-arg", `TARGETARCH=${architecture}`, "--isolation", "chroot", "--pull-never"];
    buildah("bud", "--quiet", ...platform, "--tag", "tried", "--file", file, place);
    image = JSON.parse(buildah("inspect", "--type", "image", "tried")).OCIv1.config;
    const container = buildah("from", "--pull-never", "tried");
    const passphrase = ["--env", "MCP_BRIDGE_PASSPHRASE=in a container"];
    const before = [...BUILDAH, "run", "--isolation", "chroot", ...passphrase, container, "--"];
    inside = { before, executable: image.Entrypoint[0]!, patienceMs: 60_000 };
  }, 300_000);

  test("is built as its description says: not as root, with its data in a volume, and serve to start with", () => {
    expect(image).toMatchObject({
      User: "nonroot:nonroot",
      Entrypoint: ["/usr/local/bin/mcp-bridge"],
      Cmd: ["serve", "--host", "0.0.0.0", "--log-format", "json"],
      Volumes: { "/data": {} },
      ExposedPorts: { "7319/tcp": {} },
    });
    expect(image.Env).toContain("MCP_BRIDGE_HOME=/data");
  });

  test("says who it is", async () => {
    const { stdout, exitCode } = await outcomeOf(inside, "--version");
    expect([stdout, exitCode]).toEqual([readProduct().version, 0]);
  }, 120_000);

  test("serves what was added in it, with a token from its vault, as nobody in particular", async () => {
    const added = await outcomeOf(inside, "add", "docs", "https://mcp.example.com/mcp");
    expect([added.stderr, added.exitCode]).toEqual([expect.stringContaining('is in "/data/servers.json"'), 0]);
    await using endpoint = new Executable(inside, ...image.Cmd, "--port", "0");
    const line = await endpoint.stderr.find((each) => each.includes("serving 1 server"), 0, inside.patienceMs);
    const [, port] = /:(\d+)\/mcp/.exec(line)!;
    try {
      const token = (await outcomeOf(inside, "serve", "--show-token")).stdout.trim();
      const ready = (authorization: string): Promise<Response> =>
        fetch(`http://127.0.0.1:${port}/readyz`, { headers: { authorization } });
      expect((await ready(`Bearer ${token}`)).status).toBe(200);
      expect((await ready("Bearer another")).status).toBe(401);
      expect(userAt(Number(port))).toBe(NONROOT);
    } finally {
      endpoint.kill("SIGTERM");
      await endpoint.exit(60_000);
    }
  }, 300_000);
});
