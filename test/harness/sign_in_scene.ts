import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Executable, watchExecutables } from "./executable.ts";
import { FakeAs } from "./fake_as.ts";
import { FakeBrowser } from "./fake_browser.ts";
import { Home } from "./home.ts";
import { ProtectedMcp } from "./protected_mcp.ts";
import { sweep } from "./secret_sweep.ts";

/**
 * All who take part in a sign-in: a person's home and browser, an authorization server, and a server behind that. At the
 * end no token may stand in what the executables said, or in their files.
 */
export class SignInScene implements Disposable {
  readonly home: Home = new Home();
  readonly as: FakeAs = new FakeAs();
  readonly server: ProtectedMcp = new ProtectedMcp(this.as);
  readonly browser: FakeBrowser;
  readonly #started: Executable[] = [];
  readonly #watch: Disposable = watchExecutables((executable) => this.#started.push(executable));

  /** `browser` may be one that must not be opened. */
  constructor(browser: FakeBrowser = new FakeBrowser()) {
    this.browser = browser;
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    const outputs = Object.fromEntries(this.#started.flatMap(({ pid, output, stderr }) => {
      return [[`output of ${pid}`, output], [`errors of ${pid}`, stderr]];
    }));
    // What a person wrote beside these may be a secret of theirs.
    const folders = [this.home.env["MCP_BRIDGE_HOME"]!, join(this.home.folder, "state")].filter(existsSync);
    const found = sweep([this.as.tokens.marker], { folders, outputs });
    for (const part of [this.browser, this.server, this.as, this.home]) part[Symbol.dispose]();
    if (found.length > 0) throw new Error(`A token got out: ${JSON.stringify(found)}`);
  }
}
