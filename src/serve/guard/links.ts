import { isSameSecret } from "../../net/guard.ts";

/** What a link to the status page is made by, and proves. */
export interface LinkKey {
  /** The endpoint's own token; it signs the link, and does not stand in it. */
  readonly token: string;
  readonly port: number;
}

/** How long a link may be used, in ms. */
const LIFE_MS = 5 * 60_000;
/** Clocks of one machine, asked by two processes. */
const SKEW_MS = 5_000;
const CODE = /^([0-9a-z]{1,12})\.([\w-]{22})\.([\w-]{43})$/;

/** The path and query that open the status page once: a signed word of somebody who has the token. */
export function makeLink(key: LinkKey, now: number): string {
  const until = (now + LIFE_MS).toString(36);
  const once = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  return `/open?code=${until}.${once}.${signed(key, until, once)}`;
}

/** Takes links, each once. */
export class Links {
  /** Those that were used and would still be good, with their ends. */
  readonly #used = new Map<string, number>();

  /** Whether a code opens the page; it does so once. */
  redeem(code: string, key: LinkKey, now: number): boolean {
    const [, until, once, signature] = CODE.exec(code) ?? [];
    if (until === undefined || !isSameSecret(signature!, signed(key, until, once!))) return false;
    const end = parseInt(until, 36);
    if (end <= now || end > now + LIFE_MS + SKEW_MS || this.#used.has(once!)) return false;
    for (const [past, pastEnd] of this.#used) if (pastEnd <= now) this.#used.delete(past);
    this.#used.set(once!, end);
    return true;
  }
}

function signed({ token, port }: LinkKey, until: string, once: string): string {
  return new Bun.CryptoHasher("sha256", token).update(`mcp-bridge open ${port} ${until} ${once}`).digest("base64url");
}
