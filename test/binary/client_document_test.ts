/** Clients that are known by a document at their id (client-ID metadata documents), built in or given. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { clientDocument, DOCUMENT_PORTS } from "../../src/auth/client_document.ts";
import { Executable } from "../harness/executable.ts";
import type { FakeAs } from "../harness/fake_as.ts";
import type { FakeBrowser } from "../harness/fake_browser.ts";
import { Home } from "../harness/home.ts";
import type { ProtectedMcp } from "../harness/protected_mcp.ts";
import { SignInScene } from "../harness/sign_in_scene.ts";

const ROOT = join(import.meta.dir, "..", "..");
const BUILT_IN = new URL("https://bridge.example/client-metadata.json");
const GIVEN = new URL("https://person.example/client.json");

let builds: Home;
let executable: string;
let scene: SignInScene;
let home: Home;
let as: FakeAs;
let server: ProtectedMcp;
let browser: FakeBrowser;

beforeAll(() => {
  builds = new Home();
  executable = join(builds.folder, "mcp-bridge");
  const words = ["scripts/build.ts", "--outfile", executable, "--client-metadata-url", BUILT_IN.href];
  const build = Bun.spawnSync([process.execPath, ...words], { cwd: ROOT });
  if (!build.success) throw new Error(build.stderr.toString());
}, 60_000);
afterAll(() => builds[Symbol.dispose]());
beforeEach(() => {
  scene = new SignInScene();
  ({ home, as, server, browser } = scene);
  as.metadata["client_id_metadata_document_supported"] = true;
  for (const url of [BUILT_IN, GIVEN]) as.clients.documents.set(url.href, clientDocument(url));
});
afterEach(() => {
  scene[Symbol.dispose]();
});

function start(...flags: string[]): Executable {
  const env = { ...browser.env, MCP_BRIDGE_HOME: join(home.folder, "state") };
  return new Executable({ env, executable }, server.url, ...flags);
}

/** Who signed in, and where the browser came back to. */
function consented(): { client: string; port: number } {
  const { parameters } = as.asked("authorize")[0]!;
  return { client: parameters.get("client_id")!, port: Number(new URL(parameters.get("redirect_uri")!).port) };
}

test("the one that was built in is who we are, at one of its ports, and nobody registers us", async () => {
  await using bridge = start();
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  const { client, port } = consented();
  expect(client).toBe(BUILT_IN.href);
  expect(port).toBeGreaterThanOrEqual(DOCUMENT_PORTS.port);
  expect(port).toBeLessThan(DOCUMENT_PORTS.port + DOCUMENT_PORTS.ports);
  expect(as.asked("register")).toHaveLength(0);
});

test("is written by the build as it is to be published", () => {
  const written = readFileSync(join(builds.folder, "client-metadata.json"), "utf8");
  expect(JSON.parse(written)).toEqual(clientDocument(BUILT_IN));
});

test("gives way to the one of a person, and to none", async () => {
  {
    await using bridge = start("--client-metadata-url", GIVEN.href);
    await bridge.initialize();
    expect(consented().client).toBe(GIVEN.href);
  }
  rmSync(join(home.folder, "state"), { recursive: true });
  as.seen.items.length = 0;
  await using bridge = start("--client-metadata-url", "");
  await bridge.initialize();
  expect(as.asked("register")).toHaveLength(1);
});

test("is not shown to a server that does not read documents", async () => {
  delete as.metadata["client_id_metadata_document_supported"];
  await using bridge = start();
  await bridge.initialize();
  expect(as.asked("register")).toHaveLength(1);
  expect(consented().port).toBeGreaterThanOrEqual(20_000);
});

test("comes back to the next of its ports where one is taken", async () => {
  using _taken = Bun.listen({ hostname: "127.0.0.1", port: DOCUMENT_PORTS.port, socket: { data(): void {} } });
  await using bridge = start();
  expect((await bridge.initialize()).result.serverInfo.name).toBe("fake");
  expect(consented().port).toBeGreaterThan(DOCUMENT_PORTS.port);
});
