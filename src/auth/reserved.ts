/** Parameters that the sign-in makes up anew each time. */
export const DERIVED_PARAMETERS: ReadonlySet<string> = new Set([
  "client_id",
  "redirect_uri",
  "response_type",
  "state",
  "code_challenge",
  "code_challenge_method",
]);

/** Paths that copies of mcp-remote find each other by. */
export const TAKEN_CALLBACK_PATHS: ReadonlySet<string> = new Set(["/wait-for-auth", "/.mcp-remote/id"]);
