import { BridgeError, type ErrorCode } from "../platform/errors.ts";

/** The variables of the environment, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Puts the variables of the environment in place of `${NAME}`; `what` is the part of the command line that uses them.
 * Braces around what can be no name stay, unless there is a variable of that name all the same.
 *
 * @throws {BridgeError} `code`, where a variable is not set
 */
export function withVariables(text: string, environment: Environment, what: string, code: ErrorCode): string {
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    const found = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (found !== undefined) return found;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return whole;
    throw new BridgeError(code, `${what} uses \${${name}}, which is not set`, {
      hint: `set ${name} in the environment of the program that starts mcp-bridge`,
    });
  });
}
