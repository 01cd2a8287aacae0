import { isSameSecret } from "../../net/guard.ts";

/** What a link to the status page is made by, and proves. */
export interface LinkKey {
  /** The endpoint's own token; it signs the link, and does not stand in it. */
  readonly token: string;
  readonly port: number;
}

/** Who may use a link: whoever has it, or on this machine programs of our own user alone. */
export type LinkUser = "anybody" | "own_user";

/** What comes of a link: the page, or a refusal since it is another user's who brings it, or since it is none any more. */
export type LinkOutcome = "opens" | "other_user" | "over";

/** How long a link may be used, in ms. */
const LIFE_MS = 5 * 60_000;
/** Clocks of one machine, asked by two processes. */
const SKEW_MS = 5_000;
const CODE = /^([0-9a-z]{1,12})\.([\w-]{22})\.([\w-]{43})(\.own)?$/;

/**
 * The path and query that open the status page once: a signed word of somebody who has the token. What goes into the
 * arguments of a program is for its own user alone: on most systems all others can read these.
 */
export function makeLink(key: LinkKey, now: number, user: LinkUser = "anybody"): string {
  const until = (now + LIFE_MS).toString(36);
  const once = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  const code = `${until}.${once}.${signed(key, until, once, user)}`;
  return `/open?code=${user === "own_user" ? `${code}.own` : code}`;
}

/** Takes links, each once. */
export class Links {
  /** Those that were used and would still be good, with their ends. */
  readonly #used = new Map<string, number>();

  /**
   * What comes of a code; it opens the page once. `isOtherUsers` looks whether another user of this machine brings it,
   * who does not use it up.
   */
  async redeem(
    code: string,
    key: LinkKey,
    now: number,
    isOtherUsers: () => Promise<boolean>,
  ): Promise<LinkOutcome> {
    const [, until, once, signature, own] = CODE.exec(code) ?? [];
    const user = own === undefined ? "anybody" : "own_user";
    if (until === undefined || !isSameSecret(signature!, signed(key, until, once!, user))) return "over";
    const end = parseInt(until, 36);
    if (end <= now || end > now + LIFE_MS + SKEW_MS) return "over";
    if (user === "own_user" && await isOtherUsers()) return "other_user";
    if (this.#used.has(once!)) return "over";
    for (const [past, pastEnd] of this.#used) if (pastEnd <= now) this.#used.delete(past);
    this.#used.set(once!, end);
    return "opens";
  }
}

function signed({ token, port }: LinkKey, until: string, once: string, user: LinkUser): string {
  const words = `mcp-bridge open ${port} ${until} ${once} ${user}`;
  return new Bun.CryptoHasher("sha256", token).update(words).digest("base64url");
}
