import { shownClient } from "../registry/clients/projects.ts";
import { storeFolder } from "../registry/mcp_remote/store_place.ts";
import { variablesIn } from "../registry/references.ts";
import { maskedCommand, maskedUrl } from "../registry/mask.ts";
import { shownName } from "./import_reading.ts";
import type { ImportPlan, LeftOut, PlannedServer } from "./import_plan.ts";
import type { PlannedSignIn, SignInPlan } from "./import_sign_ins.ts";
import { quoted } from "../platform/errors.ts";

/** What is to be taken over: servers, and sign-ins for them. */
export type WholePlan = ImportPlan & SignInPlan;

/** The lines that show a plan; `now` in ms. */
export function planLines(plan: WholePlan, keepsSecrets: boolean, now: number): string[] {
  const wide = Math.max(0, ...plan.servers.map(({ slug = "" }) => slug.length)) + 2;
  const isDone = (server: PlannedServer): boolean => server.isThere && !plan.signIns.has(server);
  const linesOf = (heading: string, servers: readonly PlannedServer[]): string[] => {
    const lines = servers.flatMap((server) => {
      const [first, ...more] = serverLines(server, plan.signIns.get(server), keepsSecrets, now);
      const [name, indent] = server.slug === undefined ? ["", ""] : [server.slug.padEnd(wide), " ".repeat(wide)];
      return [`  ${name}${first}`, ...more.map((line) => `  ${indent}  ${line}`)];
    });
    return lines.length === 0 ? [] : [heading, ...lines];
  };
  return [
    ...linesOf("to be taken over:", plan.servers.filter((server) => !isDone(server))),
    ...linesOf("in servers.json already:", plan.servers.filter(isDone)),
    ...leftOutLines(plan.leftOut),
  ];
}

/** The lines that say what is left alone. */
function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return [];
  return [
    "left as it is:",
    ...leftOut.map(({ what, reason }) => `  ${withoutControls(what === "" ? reason : `${what}: ${reason}`)}`),
  ];
}

/** What a variable that lets Node.js trust anybody comes to. */
const CHECKED =
  'NODE_TLS_REJECT_UNAUTHORIZED has no effect: certificates are checked; "mcp-bridge doctor" says how to trust yours';

function serverLines(
  server: PlannedServer,
  signIn: PlannedSignIn | undefined,
  keepsSecrets: boolean,
  now: number,
): string[] {
  const { sources, secrets, isThere } = server;
  const from = sources.map(({ client, entry }) =>
    entry.name === server.label ? shownClient(client) : `${shownClient(client)} (${shownName(entry.name)})`
  );
  const origin = from.length === 0 ? "" : `  (${[...new Set(from)].join(", ")})`;
  const lines = [`${placeOf(server)}${origin}`];
  if (!isThere && secrets.length > 0) {
    lines.push(secretLine(secrets.map(({ name }) => quoted(name)), keepsSecrets));
  }
  if (!isThere) lines.push(...programLines(server), ...variableLines(server));
  if (signIn !== undefined) lines.push(`the sign-in of mcp-remote, ${lifeOf(signIn, now)}`);
  const rest = [...new Set(sources.flatMap((source) => source.rest.filter((word) => word.startsWith("--"))))];
  if (rest.length > 0) {
    // A file that a person names is never rewritten.
    const fate = sources.some(({ isNamed }) => isNamed) ? "is not taken over" : "goes behind the name";
    lines.push(`${rest.join(" ")}: no place in servers.json, ${fate}`);
  }
  if (sources.some(({ entry }) => entry.env["NODE_TLS_REJECT_UNAUTHORIZED"] === "0")) lines.push(CHECKED);
  return lines;
}

/** Where a program runs and what it is told besides its words: that may make another one of it. */
function programLines({ written: { cwd, env = {} } }: PlannedServer): string[] {
  return [
    ...(cwd === undefined ? [] : [`runs in ${quoted(cwd)}`]),
    ...Object.entries(env).map(([name, value]) => `is started with ${quoted(name, 60)} set to ${quoted(value)}`),
  ];
}

/**
 * What of the environment a server, or who signs people in for it, comes to see: a file of somebody else's may ask for
 * anything.
 */
function variableLines({ written: { headers = {}, oauth = {} } }: PlannedServer): string[] {
  const { clientSecret } = oauth;
  const places = Object.entries(headers).map(([name, value]) => [value, quoted(name)] as const);
  if (clientSecret !== undefined) places.push([clientSecret, "the client secret of its sign-in"]);
  return places.flatMap(([value, place]) => {
    const variables = variablesIn(value);
    return variables.length === 0 ? [] : [`sends ${variables.join(" and ")} of the environment in ${place}`];
  });
}

/** What becomes of values that are secrets, by their names. */
function secretLine(names: readonly string[], isKept: boolean): string {
  const [go, are] = names.length === 1 ? ["goes", "is"] : ["go", "are"];
  const what = names.join(", ");
  if (isKept) return `${what} ${go} into the keychain`;
  return `${what} ${are} to come from the environment, since there is no keychain`;
}

function placeOf({ written: { url, command, args = [] } }: PlannedServer): string {
  if (url !== undefined) return URL.canParse(url) ? maskedUrl(new URL(url)) : quoted(url);
  return maskedCommand({ command: command!, args })
    .map((word) => /^[\w@%+=:,./*-]+$/.test(word) ? word : quoted(word)).join(" ");
}

function lifeOf({ imported: { tokens: { expiresAt, refreshToken } } }: PlannedSignIn, now: number): string {
  if (refreshToken !== undefined) return "which is renewed by itself";
  if (expiresAt === undefined) return "with a token that nothing renews";
  return `with a token that nothing renews and that ends in ${Math.max(1, Math.round((expiresAt - now) / 60_000))} min`;
}

/** A plan as JSON, without any secret. */
export function planJson(plan: WholePlan): Record<string, unknown> {
  return {
    servers: plan.servers.map((server) => {
      const signIn = plan.signIns.get(server);
      return {
        ...(server.slug === undefined ? {} : { name: server.slug }),
        place: placeOf(server),
        new: !server.isThere,
        secrets: server.secrets.map(({ name }) => name),
        from: server.sources.map(({ client, file, entry, rest, isNamed }) => ({
          ...(isNamed ? {} : { client: client.id }),
          file,
          ...(client.project === undefined ? {} : { project: client.project }),
          name: entry.name,
          rest: rest.filter((word) => word.startsWith("--")),
        })),
        signIn: signIn !== undefined,
      };
    }),
    leftOut: plan.leftOut,
  };
}

/** Where mcp-remote's store was looked for. */
export function shownStore(surroundings: Parameters<typeof storeFolder>[0]): string {
  return JSON.stringify(storeFolder(surroundings) ?? "~/.mcp-auth");
}

/** A text that holds words of somebody else's file, without what a terminal would obey or nobody would see. */
function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}
