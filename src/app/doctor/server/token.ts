import type { TokenSet } from "../../../auth/token_endpoint.ts";
import { bearerLife, timeLeft } from "../../../auth/token_life.ts";
import { quoted } from "../../../platform/errors.ts";
import { type Check, type Details, fault, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";
import { held } from "./held.ts";
import { search, whereNeeded } from "./search.ts";
import { commandFor, settingsOf } from "./subject.ts";

const explains = {
  signed_out: {
    result: "warn",
    cause: "nobody is signed in; the first use opens a browser",
    cure: 'run "mcp-bridge login NAME"',
  },
  ended: {
    result: "fail",
    cause: "the token has ended, and there is nothing to renew it by",
    cure: 'run "mcp-bridge login NAME"',
  },
  narrow: {
    result: "warn",
    cause: "the token lacks a scope that the server asks for",
    cure: 'run "mcp-bridge login NAME --force"',
  },
} as const;

/** How old the token is, for what it is good and until when. */
export const token: Check = {
  code: "token",
  title: "token",
  after: ["vault-opens", "server-http"],
  limit: 25_000,
  explains,
  run(world: World): Promise<Finding> {
    return whereNeeded(world, async (challenge) => {
      const tokens = (await held(world))?.tokens;
      if (tokens === undefined) return signedOut((await search(world, challenge)).discovery !== undefined, world);
      return judge(tokens, challenge?.scope, world);
    });
  },
};

function signedOut(maySignIn: boolean, world: World): Finding {
  const cure = commandFor(world, "login");
  if (maySignIn) return fault(explains, "signed_out", { cure });
  const text = "nobody is signed in, and nobody can be before it is known who signs people in";
  return fault(explains, "signed_out", { text, cure: `mend that first, then ${cure}` });
}

function judge(tokens: TokenSet, wanted: string | undefined, world: World): Finding {
  const { useIdToken } = settingsOf(world).signIn;
  const now = world.clock.now();
  const life = bearerLife(tokens, useIdToken);
  const left = timeLeft(life, now);
  const renews = tokens.refreshToken !== undefined;
  const details = detailsOf(tokens, now, left);
  if (left <= 0 && !renews) return fault(explains, "ended", { cure: commandFor(world, "login"), details });
  const lacking = wanted?.split(" ").filter((scope) => tokens.scope?.split(" ").includes(scope) === false) ?? [];
  if (lacking.length > 0) {
    const text = `the token lacks the scope ${quoted(lacking.join(" "))}, which the server asks for`;
    return fault(explains, "narrow", { text, cure: commandFor(world, "login", "--force"), details });
  }
  const scope = tokens.scope === undefined || tokens.scope === "" ? "" : `, for ${quoted(tokens.scope)}`;
  return ok(`${ageText(now - tokens.receivedAt)} old, ${lifeText(left, renews)}${scope}`, details);
}

function detailsOf(
  { tokenType, scope, resource, receivedAt, expiresAt, refreshToken }: TokenSet,
  now: number,
  left: number,
): Details {
  return {
    type: tokenType,
    scope,
    resource,
    ageSeconds: Math.round((now - receivedAt) / 1_000),
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
    secondsLeft: left === Infinity ? undefined : Math.round(left / 1_000),
    renews: refreshToken !== undefined,
  };
}

function lifeText(left: number, renews: boolean): string {
  if (left === Infinity) return "without an end that anybody named";
  if (left <= 0) return "ended, and the next use renews it";
  return `good for ${ageText(left)}${renews ? ", and renewed by itself" : ", and not renewed by itself"}`;
}

function ageText(ms: number): string {
  const minutes = Math.floor(Math.max(ms, 0) / 60_000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2_880 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 1_440)} days`;
}
