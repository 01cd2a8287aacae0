import { PROTOCOLS, STRATEGIES } from "../transport/choices.ts";
import { ENTRY_GRANTS, SHARINGS } from "./entry.ts";
import { SECRET_REFERENCE, TYPES, type WrittenEntry } from "./schema.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string" && value !== "";
const isFlag: Check = (value) => typeof value === "boolean";
const isTexts: Check = (value) => isRecord(value) && Object.values(value).every((text) => typeof text === "string");
const isAnyOf = (choices: readonly string[]): Check => (value) => choices.includes(value as string);

const no: Check = () => false;

/** What may stand in `oauth` without a closer look: what most entries say. */
const OAUTH_CHECKS: Readonly<Record<string, Check>> = {
  grant: isAnyOf(ENTRY_GRANTS),
  scope: (value) => typeof value === "string",
  clientId: isText,
  clientSecret: (value) => typeof value === "string" && SECRET_REFERENCE.test(value),
  resource: no,
  provider: isText,
  callbackPort: no,
  callbackHost: no,
  callbackPath: no,
  clientMetadataUrl: no,
  tokenEndpoint: no,
  authorizeParams: isTexts,
  tokenCommand: (value) => Array.isArray(value) && value.length > 0 && value.every(isText),
  tokenLifetime: no,
  useIdToken: isFlag,
  allowNoPkce: isFlag,
  allowPrivateNetwork: isFlag,
};

/** What may stand in an entry without a closer look. */
const CHECKS: Readonly<Record<string, Check>> = {
  type: isAnyOf(TYPES),
  url: isText,
  command: isText,
  args: (value) => Array.isArray(value) && value.every((text) => typeof text === "string"),
  env: isTexts,
  cwd: isText,
  headers: isTexts,
  account: isText,
  transport: isAnyOf(STRATEGIES),
  protocol: isAnyOf(PROTOCOLS),
  tools: (value) => isRecord(value) && Object.entries(value).every(([name, globs]) => isGlobs(name, globs)),
  timeouts: (value) => isRecord(value) && Object.entries(value).every(([name, time]) => isTime(name, time)),
  keepAlive: isSeconds,
  ipv4: isFlag,
  tls: (value) => isRecord(value) && Object.entries(value).every(([name, what]) => isTls(name, what)),
  cookies: isFlag,
  share: isAnyOf(SHARINGS),
  oauth: (value) => isRecord(value) && isGood(value, OAUTH_CHECKS),
  allowHttp: isFlag,
  disabled: isFlag,
};

/**
 * Whether a value is certainly of the shape that the schema wants: a look of microseconds, which spares the start of a
 * bridge the loading of that schema. What it is not sure of may be good all the same.
 */
export function isPlainEntry(value: unknown): value is WrittenEntry {
  return isRecord(value) && isGood(value, CHECKS);
}

function isGood(value: Record<string, unknown>, checks: Readonly<Record<string, Check>>): boolean {
  return Object.keys(value).every((name) => !Object.hasOwn(checks, name) || checks[name]!(value[name]));
}

function isTime(name: string, seconds: unknown): boolean {
  return ["connect", "headers", "body", "total"].includes(name) && isSeconds(seconds);
}

function isTls(name: string, value: unknown): boolean {
  return name === "insecure" ? isFlag(value) : ["ca", "cert", "key"].includes(name) && isText(value);
}

function isSeconds(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 86_400;
}

function isGlobs(name: string, globs: unknown): boolean {
  return (name === "allow" || name === "deny") && Array.isArray(globs) && globs.every(isText);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
