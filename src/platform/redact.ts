import { commonEnds } from "./common_ends.ts";

/** What stands in the place of a credential. */
const MASK = "***";

/** Credentials that can be told by what they look like, each with the part that may stay. */
const SHAPES: readonly (readonly [pattern: RegExp, kept: string])[] = [
  // What follows the scheme of an Authorization header (RFC 9110, 11.4).
  [/\b(Bearer|Basic|DPoP|Token|ApiKey)(\s+)[\w.~+/=-]{6,}/gi, "$1$2"],
  // Names that say what their values are, in queries, forms, JSON and logs; "state" and the like are none.
  [
    /\b((?:[\w-]*(?:token|secret|password|passwd|passphrase|api[_-]?key|credential|assertion|verifier)|code|sig(?:nature)?|authorization|cookie)["']?\s*[=:]\s*["']?)(?!(?:Bearer|Basic|DPoP|Token|ApiKey)\s)[^\s"'&;,)}\]]{4,}/gi,
    "$1",
  ],
  // Who speaks, in an address (RFC 3986, 3.2.1).
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi, "$1"],
  // JSON Web Tokens (RFC 7519), and the marks of well-known issuers.
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/g, ""],
  [
    /\b(?:mcpb_|gh[pousr]_|github_pat_|glpat-|sk-|xox[abeprs]-|npm_|lin_(?:api|oauth)_|ntn_|AKIA|AIza|ya29\.)[\w./+=-]{8,}/g,
    "",
  ],
];

/** A text for logs that others may read: whatever looks like a credential is taken out of it. */
export function redacted(text: string): string {
  let shown = text;
  for (const [pattern, kept] of SHAPES) {
    shown = shown.replace(pattern, (...found: unknown[]) => {
      const whole = found[0] as string;
      const before = kept.replace(/\$(\d)/g, (_, place: string) => String(found[Number(place)] ?? ""));
      return `${before}${MASK}${whole.endsWith("@") ? "@" : ""}`;
    });
  }
  return shown;
}

/** Shorter values are words, which stand in many sentences. */
const SHORTEST = 6;
/** By so many letters a secret is told. */
const TELLING = 12;

/**
 * A text of somebody who was told `secrets`, without them: as they are and as addresses and JSON write them, also one
 * whose end was cut off with the text.
 */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  const told = [...secrets].filter(({ length }) => length >= SHORTEST);
  const written = [...new Set(told.flatMap(writings))].map((secret) => ({ secret, at: -1 }));
  let rest = "";
  let from = 0;
  for (;;) {
    // Each is looked for behind its last place alone: the text is a server's, and may be long and full of them.
    for (const each of written) if (each.at < from) each.at = placeOf(text, each.secret, from);
    const at = Math.min(...written.map((each) => each.at));
    if (at === Infinity) return rest + text.slice(from);
    rest += `${text.slice(from, at)}${MASK}`;
    from = at + Math.max(...written.map(({ secret }) => commonEnds(text.slice(at, at + secret.length), secret).head));
  }
}

function writings(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [secret, inJson, inJson.replaceAll("/", "\\/"), encodeURIComponent(secret.toWellFormed())];
}

function placeOf(text: string, secret: string, from: number): number {
  const at = text.indexOf(secret.slice(0, TELLING), from);
  return at < 0 ? Infinity : at;
}
