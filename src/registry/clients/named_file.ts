import { BridgeError } from "../../platform/errors.ts";
import { JsonDocument, memberOf } from "../document.ts";
import type { Client } from "./client.ts";
import { readClientText } from "./client_file.ts";
import { type PlacedEntry, readAllEntries } from "./projects.ts";
import { holdsNothing, withinStack } from "./read.ts";
import { CLIENTS } from "./table.ts";

/** Clients whose shape others share: one for each key at the top of a file that leads to servers. */
const SHAPES = ["claude-code", "vscode", "zed", "opencode"].map((id) => CLIENTS.find((client) => client.id === id)!);
const CODEX = CLIENTS.find(({ format }) => format === "toml")!;

/**
 * The servers in a file that a person names, such as a project's `.mcp.json` or that of a program that is not in our
 * table; their client goes by the name of the file.
 *
 * @throws {BridgeError} `unreadable_file` where there is none; `bad_client_file` where it does not parse, or says nothing
 * of servers
 */
export async function entriesOfFile(file: string): Promise<PlacedEntry[]> {
  const { text } = await readClientText(file) ?? {};
  if (text === undefined) throw new BridgeError("unreadable_file", `there is no file ${JSON.stringify(file)}`);
  const client = await shapeOf(text, file);
  return await readAllEntries({ ...client, name: JSON.stringify(file) }, text, file);
}

async function shapeOf(text: string, file: string): Promise<Client> {
  if (/\.toml$/i.test(file)) return CODEX;
  const found = await withinStack(file, async () => {
    if (holdsNothing(text)) return undefined;
    const { root } = await JsonDocument.parse(text, file, "bad_client_file");
    return SHAPES.find(({ path }) => memberOf(root, path[0]!) !== undefined);
  });
  if (found !== undefined) return found;
  const keys = SHAPES.map(({ path }) => JSON.stringify(path[0]));
  throw new BridgeError("bad_client_file", `${JSON.stringify(file)} says nothing of servers`, {
    hint: `it would do so by ${keys.slice(0, -1).join(", ")} or ${keys.at(-1)}`,
  });
}
