import { isSameSecret } from "../../net/guard.ts";
import type { Clock } from "../../platform/clock.ts";

/** How long a browser is let in, in ms. */
const LIFE_MS = 12 * 60 * 60_000;
/** Of more, the one that came first is not known any more. */
const MOST_VISITORS = 16;

/** One that was let in. */
interface Visitor {
  readonly since: number;
  /** Whether another user of this machine brought the link, as who comes through a tunnel does. */
  readonly isOthers: boolean;
}

/** The browsers that came by a link, each by a secret of its own in a cookie. */
export class Visitors {
  readonly #clock: Clock;
  readonly #port: () => number;
  /** By their secrets. */
  readonly #visitors = new Map<string, Visitor>();

  constructor(clock: Clock, port: () => number) {
    this.#clock = clock;
    this.#port = port;
  }

  /** Lets a browser in: the cookie that it is known by from now on (RFC 6265; no script can read it, no site send it). */
  admit(isOthers: boolean): string {
    const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
    this.#visitors.set(secret, { since: this.#clock.now(), isOthers });
    if (this.#visitors.size > MOST_VISITORS) this.#visitors.delete(this.#visitors.keys().next().value!);
    return `${this.#name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${LIFE_MS / 1_000}`;
  }

  /**
   * Whether a request comes from such a browser, and from our page there: pages of other ports on this machine are the
   * same site to it, so that what changes something must name its origin, which the guard compares. Those ports may be
   * other users', who see the cookie: a browser of our own user is known only as long as `isOthers` does not say that
   * somebody else brings it.
   */
  async knows({ method, headers }: Request, isOthers: () => Promise<boolean>): Promise<boolean> {
    if (method !== "GET" && method !== "HEAD" && headers.get("origin") === null) return false;
    const site = headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin" && site !== "none") return false;
    const given = this.#secretIn(headers.get("cookie") ?? "");
    if (given === undefined) return false;
    let known: Visitor | undefined;
    for (const [secret, visitor] of this.#visitors) {
      if (this.#clock.now() - visitor.since >= LIFE_MS) this.#visitors.delete(secret);
      else if (isSameSecret(secret, given)) known = visitor;
    }
    return known !== undefined && (known.isOthers || !await isOthers());
  }

  /** Cookies do not tell ports apart. */
  get #name(): string {
    return `mcp_bridge_${this.#port()}`;
  }

  #secretIn(cookies: string): string | undefined {
    const prefix = `${this.#name}=`;
    return cookies.split(/; */).find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length);
  }
}
