import { BridgeError, quoted } from "../../platform/errors.ts";

/** No `_`, so that a name says where its slug ends; short enough to leave room for the rest of it. */
const SLUG = /^[a-z0-9-]{1,40}$/;

/**
 * Checks what servers behind one client are called.
 *
 * @throws {BridgeError} `bad_argument`
 */
export function checkSlugs(slugs: readonly string[]): void {
  const seen = new Set<string>();
  for (const slug of slugs) {
    if (!SLUG.test(slug)) {
      throw new BridgeError("bad_argument", `the server's short name ${quoted(slug)} has other letters than a-z0-9-`, {
        hint: "give it a name of 40 such letters at most",
      });
    }
    if (seen.has(slug)) {
      throw new BridgeError("bad_argument", `two servers have the short name ${quoted(slug)}`, {
        hint: "give one of them another name",
      });
    }
    seen.add(slug);
  }
}
