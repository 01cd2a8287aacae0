import { FakeAs } from "./fake_as.ts";
import { FakeBrowser } from "./fake_browser.ts";
import { Home } from "./home.ts";
import { ProtectedMcp } from "./protected_mcp.ts";

/** All who take part in a sign-in: a person's home and browser, an authorization server, and a server behind that. */
export class SignInScene implements Disposable {
  readonly home: Home = new Home();
  readonly as: FakeAs = new FakeAs();
  readonly server: ProtectedMcp = new ProtectedMcp(this.as);
  readonly browser: FakeBrowser;

  /** `browser` may be one that must not be opened. */
  constructor(browser: FakeBrowser = new FakeBrowser()) {
    this.browser = browser;
  }

  [Symbol.dispose](): void {
    for (const part of [this.browser, this.server, this.as, this.home]) part[Symbol.dispose]();
  }
}
