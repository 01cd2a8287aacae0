import { withoutSecrets } from "../../../platform/redact.ts";
import { mapTexts } from "../map_texts.ts";
import { type Check, faultOf, type Finding } from "../check.ts";
import type { World } from "../world.ts";
import { held } from "./held.ts";
import { settingsOf } from "./subject.ts";

/** As much of a server's words is kept: letters of a text, members of a list. */
const LONGEST_TEXT = 1_000;
const LONGEST_LIST = 50;

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
      const told = await secrets(world);
      return mapTexts(shortened(finding), (text) => cut(withoutSecrets(text, told))) as Finding;
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
