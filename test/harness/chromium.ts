/** Debian's Chromium as a person's browser: it opens what `$BROWSER` is given, and clicks through the page it meets. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { BrowserProgram } from "./browser_program.ts";
import { Log } from "./log.ts";

const EXECUTABLE = "/usr/bin/chromium";
const PATIENCE_MS = 15_000;
/** Whatever a page or the browser itself wants beyond this machine does not exist. */
const ARGS = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--no-proxy-server"];

/** What the person saw last. */
export interface LastPage {
  readonly url: string;
  readonly title: string;
  /** The text that is visible. */
  readonly text: string;
  /** A picture of it, as PNG. */
  readonly screenshot: Uint8Array;
  /** What the page or the browser complained about. */
  readonly complaints: readonly string[];
}

/** Whether a test must be skipped since Chromium is not there. A run of CI on Linux x64 has it, so there that is a failure. */
export function isChromiumAbsent(): boolean {
  if (process.platform !== "linux") return true;
  return (process.env.CI === undefined || process.arch !== "x64") && !existsSync(EXECUTABLE);
}

/** The browser. Disposing it closes it. */
export class Chromium implements AsyncDisposable {
  /** The last page of each visit, in order. */
  readonly pages = new Log<LastPage>();
  readonly #browser: Browser;
  readonly #program = new BrowserProgram(async ({ args }) => {
    await this.visit(args.at(-1) ?? "");
    return 0;
  });

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts it, without a window. */
  static async start(): Promise<Chromium> {
    // The sandbox wants a user who is not root, or a kernel that lets everyone make namespaces; a test visits itself alone.
    return new Chromium(await chromium.launch({ executablePath: EXECUTABLE, chromiumSandbox: false, args: ARGS }));
  }

  /** What a process needs to be told of this browser. */
  get env(): Record<string, string> {
    return this.#program.env;
  }

  /** Opens an address, presses the button named `button` on the page there, and gives the page where that leads. */
  async visit(address: string, button = "Allow"): Promise<LastPage> {
    const page = await this.#browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(address);
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.waitForURL((url) => url.searchParams.has("code") || url.searchParams.has("error"));
    const last: LastPage = {
      url: page.url(),
      title: await page.title(),
      text: await page.locator("body").innerText(),
      screenshot: await page.screenshot(),
      complaints,
    };
    await page.close();
    this.pages.add(last);
    return last;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#program[Symbol.dispose]();
    await this.#browser.close();
  }
}
