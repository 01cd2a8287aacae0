/** What sets GitHub apart from other authorization servers, as its documentation has it. */
import type { Fault } from "./as_faults.ts";
import type { KnownAs } from "./fake_as.ts";
import type { Json } from "./fake_mcp.ts";

/** Where GitHub signs people in, and what it calls itself then. */
export const GITHUB: KnownAs = {
  issuer: "https://github.com/login/oauth",
  authorize: "https://github.com/login/oauth/authorize",
  token: "https://github.com/login/oauth/access_token",
};

/**
 * Stands before the token endpoint: a no comes with status 200 and in words of GitHub's own, scopes stand between commas,
 * and all of it is a form where JSON is not asked for. Tokens without a companion that renews them, which are those of
 * an OAuth app, never end; the others, which are those of a GitHub App, do.
 */
export const inGitHubsWords: Fault = async ({ headers, parameters }, proceed) => {
  const answer = await (await proceed()).json() as Json;
  const said = answer.error === undefined ? granted(answer) : refused(answer, parameters.get("grant_type"));
  if (headers.get("accept") === "application/json") return Response.json(said);
  return new Response(new URLSearchParams(said));
};

function granted({ access_token: token, expires_in: life, refresh_token: companion, scope = "" }: Json): Json {
  return {
    "access_token": token,
    ...(companion === undefined ? {} : {
      "expires_in": life,
      "refresh_token": companion,
      "refresh_token_expires_in": 15_811_200,
    }),
    "token_type": "bearer",
    scope: scope.replaceAll(" ", ","),
  };
}

function refused({ error, error_description: description }: Json, grantType: string | null): Json {
  const grant = grantType === "refresh_token" ? "bad_refresh_token" : "bad_verification_code";
  const words: Json = { "invalid_grant": grant, "invalid_client": "incorrect_client_credentials" };
  return {
    error: words[error] ?? error,
    "error_description": description,
    "error_uri": "https://docs.github.com/apps",
  };
}
