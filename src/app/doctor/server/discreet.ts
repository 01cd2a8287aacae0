import { mapTexts } from "../map_texts.ts";
import { type Check, faultOf, type Finding } from "../check.ts";
import type { World } from "../world.ts";
import { held } from "./held.ts";
import { settingsOf } from "./subject.ts";

/** Shorter values are words, which stand in many sentences. */
const SHORTEST = 6;
/** By so many letters a secret is told. */
const TELLING = 12;
/** As much of a server's words is kept: letters of a text, members of a list. */
const LONGEST_TEXT = 1_000;
const LONGEST_LIST = 50;
const MASK = "***";

/** The secrets that a server may repeat. */
export type Secrets = (world: World) => Promise<readonly string[]>;

/**
 * The same check, whose findings hold none of the `secrets` though a server repeats what it was sent, and are cut where
 * a server says much.
 */
export function discreet(check: Check, secrets: Secrets): Check {
  return {
    ...check,
    async run(world: World): Promise<Finding> {
      const finding = await check.run(world).catch((thrown) => faultOf(check.explains, thrown));
      const kept = (await secrets(world)).filter(({ length }) => length >= SHORTEST);
      const inOrder = kept.toSorted((one, other) => other.length - one.length);
      return mapTexts(shortened(finding), (text) => cut(masked(text, inOrder))) as Finding;
    },
  };
}

/** What a person gives. */
export const givenSecrets: Secrets = (world) => {
  const { headers, signIn } = settingsOf(world);
  const { client_secret: secret } = signIn.clientInfo ?? {};
  const values = Object.values(headers).flatMap((value) => [value, value.replace(/^\S+\s+/, "")]);
  return Promise.resolve(secret === undefined ? values : [...values, secret]);
};

/** The same, and what the vault holds; for checks that have looked there anyway, since it may ask a person. */
export const allSecrets: Secrets = async (world) => {
  const known = await held(world).catch(() => undefined);
  const { accessToken, refreshToken, idToken } = known?.tokens ?? {};
  const stored = [accessToken, refreshToken, idToken, known?.grant.client.clientSecret];
  return [...await givenSecrets(world), ...stored.filter((value) => value !== undefined)];
};

function masked(text: string, secrets: readonly string[]): string {
  return secrets.reduce(withoutSecret, text);
}

/** Takes out a secret, also one whose end was cut off with the sentence. */
function withoutSecret(text: string, secret: string): string {
  const start = secret.slice(0, TELLING);
  let rest = "";
  let from = 0;
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, from)) {
    let length = start.length;
    while (length < secret.length && text[at + length] === secret[length]) length++;
    rest += `${text.slice(from, at)}${MASK}`;
    from = at + length;
  }
  return rest + text.slice(from);
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.slice(0, LONGEST_LIST).map(shortened);
    return value.length > LONGEST_LIST ? [...kept, `and ${value.length - LONGEST_LIST} more`] : kept;
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shortened(member)]));
}
