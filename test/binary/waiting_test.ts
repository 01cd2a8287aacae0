/** What a person is shown while a command takes its time: at a terminal alone, and never where they type. */
import { expect, test } from "bun:test";
import { EXECUTABLE } from "../../scripts/build.ts";
import { BrowserProgram } from "../harness/browser_program.ts";
import { outcomeOf } from "../harness/executable.ts";
import { FakeAs } from "../harness/fake_as.ts";
import { Home } from "../harness/home.ts";
import { ProtectedMcp } from "../harness/protected_mcp.ts";
import { TerminalSession } from "../harness/terminal_session.ts";

/** A registry that answers once it is let go. */
class SlowRegistry implements Disposable {
  readonly #gate = Promise.withResolvers<void>();
  readonly #server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch: async () => {
      await this.#gate.promise;
      return Response.json({ servers: [], metadata: {} });
    },
  });

  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  letGo(): void {
    this.#gate.resolve();
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

test("a search that takes longer than a second says whom it asks, and nothing of that stays", async () => {
  using home = new Home();
  using registry = new SlowRegistry();
  const words = ["search", "x", "--registry", `http://${registry.host}`];
  await using session = new TerminalSession([EXECUTABLE, ...words], { env: home.env, cwd: home.folder });
  await session.shows(`asking ${registry.host} (1 s)`);
  await session.shows(`asking ${registry.host} (2 s)`);
  registry.letGo();
  await session.shows("\r\u001b[Kno server has that in its name\n");
  expect(await session.exit()).toBe(1);
});

test("without a terminal nothing of the kind is said", async () => {
  using registry = new SlowRegistry();
  const found = outcomeOf({}, "search", "x", "--registry", `http://${registry.host}`);
  await Bun.sleep(1_300);
  registry.letGo();
  expect(await found).toMatchObject({ stderr: "", exitCode: 1 });
}, 20_000);

test("nothing moves where a person types the address that the browser ended at", async () => {
  using home = new Home();
  using as = new FakeAs();
  using server = new ProtectedMcp(as);
  const opened = Promise.withResolvers<void>();
  using browser = new BrowserProgram(() => {
    opened.resolve();
    return Promise.resolve(0);
  });
  const env = { ...home.env, BROWSER: browser.path };
  await using session = new TerminalSession([EXECUTABLE, "login", server.url], { env, cwd: home.folder });
  await opened.promise;
  const [opening] = browser.openings.items;
  await Bun.sleep(1_500);
  expect(session.shown).not.toContain("\r\u001b[K");
  expect(session.shown).not.toContain("signing in to");
  expect(opening!.args[0]).toStartWith(as.issuer);
  session.type("\u0003");
  expect(await session.exit()).not.toBe(0);
}, 20_000);
