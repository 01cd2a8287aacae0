import { carryOut, type Change, openBackups } from "../app/install.ts";
import { planRewriting, type Rewriting } from "../app/rewrite_entries.ts";
import { MASK } from "../registry/mask.ts";
import { variablesIn } from "../registry/references.ts";
import { agree, type Consent, eachTold } from "./client_changes.ts";
import { environmentOf, ownCommand } from "./client_entry.ts";
import type { PlannedServer } from "./import_plan.ts";
import { printLine } from "./print.ts";
import type { Environment } from "./variables.ts";

/** The variables that only mcp-remote looks at. */
const THEIR_VARIABLES = ["MCP_REMOTE_CONFIG_DIR"];
/** The variables that say how a process gets to servers, and whom it trusts there. */
const OWN_WAY = /^(?:https?_proxy|all_proxy|no_proxy|node_extra_ca_certs|ssl_cert_file|ssl_cert_dir)$/i;

/**
 * Lets the entries of clients from which servers were taken run us, if the person agrees to it. `keepsSecrets` tells
 * whether the keychain has their secrets now. What is wrong with one file is said, and keeps no other from being
 * written; false then.
 *
 * @throws {BridgeError} `bad_argument` where nobody can be asked, `closing` where no answer comes
 */
export async function rewriteEntries(
  servers: readonly PlannedServer[],
  keepsSecrets: boolean,
  consent: Consent,
  env: Environment,
): Promise<boolean> {
  const command = await ownCommand(env);
  const rewritings = servers.flatMap((server) => rewritingsOf(server, command, keepsSecrets, environmentOf(env)));
  const byFile = [...Map.groupBy(rewritings, ({ file }) => file).values()];
  const planned = await eachTold(byFile, async (own) => await planRewriting(own as [Rewriting, ...Rewriting[]]));
  const shown = planned.done.map((change) => withoutSecrets(change, servers));
  if (shown.length === 0 || !await agree(shown, consent, env)) return !planned.hasFailed;
  const backups = openBackups({ platform: process.platform, env });
  const written = await eachTold(planned.done, async (change) => {
    await carryOut(change, backups);
    const { name, id } = change.client;
    printLine(`${name} runs mcp-bridge once it is started anew; "mcp-bridge install --undo ${id}" puts its file back`);
  });
  return !planned.hasFailed && !written.hasFailed;
}

/** The entries of a server as they run us. Variables stay that mean something to us as well, such as a proxy's. */
export function rewritingsOf(
  { slug, written, sources, secrets, isThere, wants }: PlannedServer,
  command: string,
  keepsSecrets: boolean,
  own: Readonly<Record<string, string>>,
): Rewriting[] {
  if (slug === undefined) return [];
  const variables: [string, string][] = secrets.flatMap(({ secret }) => Object.entries(secret.variables));
  const needed = variables.filter(([name]) => isThere ? wants.has(name) : !keepsSecrets);
  const needless = new Set([...THEIR_VARIABLES, ...secrets.flatMap(({ secret }) => secret.parts)]);
  return sources.map(({ client, file, entry, rest }) => {
    // What a program on this machine gets stands in servers.json.
    const kept = written.url === undefined ? [] : Object.entries(entry.env).filter(([name]) => !needless.has(name));
    const env = { ...Object.fromEntries([...kept, ...needed]), ...own };
    // A "serve" of the same user goes its own way to the server.
    const alone = kept.some(([name]) => OWN_WAY.test(name)) ? ["--no-attach"] : [];
    // What the client put in by itself until now.
    const others = [...(isThere ? wants : variablesOf(written))].filter((name) => !Object.hasOwn(env, name));
    const inherits = others.length === 0 ? {} : { inherits: others };
    return { client, file, entry, program: { command, args: [slug, ...rest, ...alone], env, ...inherits } };
  });
}

/** The variables that an entry refers to, besides its secrets. */
function variablesOf({ headers = {}, env = {}, oauth = {} }: PlannedServer["written"]): ReadonlySet<string> {
  return new Set([...Object.values(headers), ...Object.values(env), oauth.clientSecret ?? ""].flatMap(variablesIn));
}

/** A change as it may be shown: people let others look at their screens. */
function withoutSecrets(change: Change, servers: readonly PlannedServer[]): Change {
  const values = servers.flatMap(({ secrets }) =>
    secrets.flatMap(({ secret }) => [secret.value, ...Object.values(secret.variables)])
  );
  // In the file a value stands with the escapes of JSON or TOML.
  const texts = values.filter((value) => value !== "").map((value) => JSON.stringify(value).slice(1, -1));
  const hide = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : texts.reduce((rest, value) => rest.replaceAll(value, MASK), text);
  return { ...change, before: hide(change.before), after: hide(change.after) };
}
