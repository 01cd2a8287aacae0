import { Executable, type Surroundings } from "./executable.ts";
import { FakeBrowser } from "./fake_browser.ts";
import { Home } from "./home.ts";
import { type OidcOptions, OidcServer } from "./oidc_server.ts";
import { type Places, sweep } from "./secret_sweep.ts";

/** All who take part in a sign-in at a certified authorization server: that, and a person's home and browser. */
export class OidcScene implements AsyncDisposable {
  readonly home: Home = new Home();
  readonly browser: FakeBrowser = new FakeBrowser();
  readonly server: OidcServer;

  private constructor(server: OidcServer) {
    this.server = server;
  }

  /** Starts the authorization server. */
  static async open(options?: OidcOptions): Promise<OidcScene> {
    return new OidcScene(await OidcServer.start(options));
  }

  /** What all processes of the person share. */
  get surroundings(): Surroundings {
    return { env: { ...this.home.env, ...this.browser.env } };
  }

  /** Starts an executable of the person's at the MCP server. */
  start(...flags: string[]): Executable {
    return new Executable(this.surroundings, this.server.mcp.url, ...flags, "--debug");
  }

  /** What the page of a visit was asked for. */
  asked(visit: number): URLSearchParams {
    return new URL(this.browser.openings.items[visit]!.args.at(-1)!).searchParams;
  }

  /** The codes and tokens, and `more` secrets, that are anywhere but sealed in the vault. */
  leaks(outputs: Places["outputs"] = {}, pids: number[] = [], more: readonly string[] = []): ReturnType<typeof sweep> {
    if (this.server.secrets.length === 0) throw new Error("There was no secret that could have got out");
    return sweep([...this.server.secrets, ...more], { folders: [this.home.folder], outputs, pids });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    for (const part of [this.browser, this.home]) part[Symbol.dispose]();
  }
}
