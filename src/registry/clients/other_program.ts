import type { Client, ClientEntry, Program } from "./client.ts";
import { withEntry, withKeys } from "./edit.ts";

/** What says which server an entry is for; everything else of it is the client's business, and stays. */
const SERVER_KEYS = new Set([
  ...["command", "args", "env", "environment", "cwd", "type"],
  ...["url", "serverUrl", "httpUrl", "headers", "http_headers", "env_http_headers", "bearer_token_env_var"],
]);

/** What Codex hands on of its environment, by the names: a program may need more of it, and never less. */
const HANDED_ON = "env_vars";

/**
 * The text of a client's file with another program in the place of the server of an entry: what people have said of it
 * besides, such as which tools need no asking, stays.
 *
 * @throws {BridgeError} `bad_client_file`
 */
export async function withOtherProgram(
  client: Client,
  text: string,
  file: string,
  { name, value }: ClientEntry,
  program: Program,
): Promise<string> {
  const old = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const written = client.write(program);
  const keys = Object.fromEntries(Object.entries(written).filter(([key]) => SERVER_KEYS.has(key)));
  const handedOn = written[HANDED_ON];
  if (Array.isArray(handedOn)) {
    const before = old.find(([key]) => key === HANDED_ON)?.[1];
    keys[HANDED_ON] = [...new Set([...(Array.isArray(before) ? before : []), ...handedOn])];
  }
  const gone = old.map(([key]) => key).filter((key) => SERVER_KEYS.has(key) && !Object.hasOwn(keys, key));
  if (gone.length === 0) return await withKeys(client, text, file, name, keys);
  const rest = old.filter(([key]) => !SERVER_KEYS.has(key));
  return await withEntry(client, text, file, name, { ...written, ...Object.fromEntries(rest), ...keys });
}
