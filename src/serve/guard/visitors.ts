import { isSameSecret } from "../../net/guard.ts";
import type { Clock } from "../../platform/clock.ts";

/** How long a browser is let in, in ms. */
const LIFE_MS = 12 * 60 * 60_000;
/** Of more, the one that came first is not known any more. */
const MOST_VISITORS = 16;

/** The browsers that came by a link, each by a secret of its own in a cookie. */
export class Visitors {
  readonly #clock: Clock;
  readonly #port: () => number;
  /** By their secrets: when they came. */
  readonly #visitors = new Map<string, number>();

  constructor(clock: Clock, port: () => number) {
    this.#clock = clock;
    this.#port = port;
  }

  /** Lets a browser in: the cookie that it is known by from now on (RFC 6265; no script can read it, no site send it). */
  admit(): string {
    const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
    this.#visitors.set(secret, this.#clock.now());
    if (this.#visitors.size > MOST_VISITORS) this.#visitors.delete(this.#visitors.keys().next().value!);
    return `${this.#name}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${LIFE_MS / 1_000}`;
  }

  /**
   * Whether a request comes from such a browser, and from our page there: pages of other ports on this machine are the
   * same site to it, so that what changes something must name its origin, which the guard has compared.
   */
  knows({ method, headers }: Request): boolean {
    if (method !== "GET" && method !== "HEAD" && headers.get("origin") === null) return false;
    const site = headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin" && site !== "none") return false;
    const given = this.#secretIn(headers.get("cookie") ?? "");
    if (given === undefined) return false;
    let isKnown = false;
    for (const [secret, since] of this.#visitors) {
      if (this.#clock.now() - since >= LIFE_MS) this.#visitors.delete(secret);
      else if (isSameSecret(secret, given)) isKnown = true;
    }
    return isKnown;
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
