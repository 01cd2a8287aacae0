import type { Applied } from "./import_apply.ts";
import { printError, printLine } from "./print.ts";
import { quoted } from "../platform/errors.ts";

/** Says what became of a server. */
export function sayResult(applied: Applied, keepsSecrets: boolean): void {
  const { server, isAdded, failure } = applied;
  const name = server.slug ?? server.label;
  if (isAdded) printLine(`${JSON.stringify(name)} is in servers.json: "mcp-bridge ${name}" connects to it`);
  const variables = isAdded && !keepsSecrets
    ? server.secrets.flatMap(({ secret }) => Object.keys(secret.variables))
    : [];
  if (variables.length > 0) {
    printLine(`there is no keychain: ${JSON.stringify(name)} wants ${variables.join(", ")} in its environment`);
  }
  const line = signInLine(applied);
  if (line !== undefined) printLine(line);
  if (failure !== undefined) printError(failure);
}

function signInLine({ server, signIn }: Applied): string | undefined {
  const address = server.slug === undefined ? server.label : JSON.stringify(server.slug);
  switch (signIn?.kind) {
    case undefined:
      return undefined;
    case "taken":
      return `signed in to ${address} as with mcp-remote, by ${quoted(signIn.issuer)}${
        signIn.isSaid ? "" : ", which the server names"
      }`;
    case "later":
      return `the first use of ${address} takes its sign-in over${
        signIn.reason === undefined ? "" : `: ${signIn.reason}`
      }`;
    case "signed_in_already":
      return `you are signed in to ${address} already: the sign-in of mcp-remote is not needed`;
    case "refused":
      return `warning: the sign-in to ${address} is not taken: ${signIn.reason}`;
  }
}

/** What became of a server, as JSON. */
export function resultJson({ server, isAdded, failure, signIn }: Applied): Record<string, unknown> {
  return {
    name: server.slug ?? server.label,
    added: isAdded,
    ...(signIn === undefined ? {} : { signIn }),
    ...(failure === undefined ? {} : { error: { code: failure.code, message: failure.message, hint: failure.hint } }),
  };
}
