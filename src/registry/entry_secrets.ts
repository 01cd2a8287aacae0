import { holdsCredential } from "../net/header_rules.ts";
import { isLiteral } from "./mask.ts";
import { isReference, variablesIn } from "./references.ts";

/** A value that must not stand in servers.json. */
export interface SecretValue {
  readonly value: string;
  /** What may stand there in its place where there is no keychain, and the variables that it then wants. */
  readonly text: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The variables of the other program's entry that it was put together from. */
  readonly parts: readonly string[];
}

/** Values by name, apart by whether they may stand in servers.json. */
export interface SortedValues {
  /** References, and what is nobody's secret. */
  readonly plain: Readonly<Record<string, string>>;
  readonly secret: Readonly<Record<string, SecretValue>>;
}

/** A word that says how a credential is meant, or a password in an address. */
const SAYS_SECRET = /^(?:Bearer|Basic|Token|ApiKey)\s|:\/\/[^/@\s]*:[^/@\s]*@/i;
/** A long run of letters and digits. */
const LOOKS_SECRET = /(?=[\w+/=.-]*\d)[\w+/=.-]{20,}/;
/** Paths and addresses are long without being secrets. */
const PLACE = /^(?:[~/]|\.\.?[\\/]|[a-z]:[\\/]|[a-z][a-z0-9+.-]*:\/\/)[^?]*$/i;
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const ANY_REFERENCE = /\$\{[^}]*\}/;

/** Whether a value that stands in a configuration as it is may be somebody's secret. */
export function mayBeSecret(name: string, value: string): boolean {
  return value !== "" &&
    (holdsCredential(name) || SAYS_SECRET.test(value) || (LOOKS_SECRET.test(value) && !PLACE.test(value)));
}

/**
 * Sorts values of another program's configuration. `env` is what stands beside them there: a variable of it is put in,
 * and makes the value a secret, whatever it is called, unless it refers to another one itself. Variables of the person's
 * own environment stay references.
 *
 * @throws {ForeignReference} for a reference that only the other program understands
 */
export function sortValues(
  values: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): SortedValues {
  const plain: Record<string, string> = {};
  const secret: Record<string, SecretValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (isForeign(value)) throw new ForeignReference(name);
    const named = variablesIn(value);
    const own = named.filter((variable) => Object.hasOwn(env, variable));
    const literal = own.filter((variable) => !ANY_REFERENCE.test(env[variable]!));
    // In what the keychain holds nothing is put in any more.
    if (literal.length > 0 && literal.length < named.length) throw new ForeignReference(name);
    if (literal.length > 0) {
      const variables = Object.fromEntries(own.map((variable) => [variable, env[variable]!]));
      secret[name] = { value: withVariables(value, env), text: value, variables, parts: own };
    } else if (own.length > 0) {
      const said = withVariables(value, env);
      if (isForeign(said) || own.some((variable) => isLiteral(env[variable]!))) throw new ForeignReference(name);
      plain[name] = said;
    } else if (named.length === 0 && (mayBeSecret(name, value) || isReference(value))) {
      secret[name] = { value, ...inVariable(variableFor(name), value), parts: [] };
    } else plain[name] = value;
  }
  return { plain, secret };
}

/** How a secret comes from a variable that holds all of it. */
export function inVariable(variable: string, value: string): Pick<SecretValue, "text" | "variables"> {
  return { text: `\${${variable}}`, variables: { [variable]: value } };
}

/** A value with what `env` says in the place of its variables; the others stay. */
function withVariables(value: string, env: Readonly<Record<string, string>>): string {
  return value.replace(VARIABLE, (whole, variable) => Object.hasOwn(env, variable) ? env[variable]! : whole);
}

/** Whether a value refers to something besides variables. */
function isForeign(value: string): boolean {
  return ANY_REFERENCE.test(value.replace(VARIABLE, ""));
}

/** A variable for a value that had none; `server` where another one has it by the name alone. */
export function variableFor(name: string, server?: string): string {
  return ["MCP", ...(server === undefined ? [] : [server]), name].join("_").toUpperCase().replace(/[^A-Z0-9]+/g, "_");
}

/** A value that refers to what only the program knows that it was written for. */
export class ForeignReference extends Error {
  readonly value: string;

  constructor(name: string) {
    super(`the value of ${JSON.stringify(name)} refers to what only its own program knows`);
    this.value = name;
  }
}
