import { quoted } from "../../platform/errors.ts";
import { JsonDocument, valueOf } from "../document.ts";
import type { Client, ClientEntry } from "./client.ts";
import { entriesIn, holdsNothing, readClientFile, withinStack } from "./read.ts";

/** An entry, and the client as it is in the place where that stands. */
export interface PlacedEntry {
  readonly client: Client;
  readonly entry: ClientEntry;
}

/**
 * The servers in a client's file, those of single projects behind those of the user.
 *
 * @throws {BridgeError} `bad_client_file`, with path, line and column
 */
export async function readAllEntries(client: Client, text: string, file: string): Promise<PlacedEntry[]> {
  if (client.projects === undefined || holdsNothing(text)) {
    return (await readClientFile(client, text, file)).map((entry) => ({ client, entry }));
  }
  return await withinStack(file, async () => {
    const document = await JsonDocument.parse(text, file, "bad_client_file");
    const places = [client, ...projectsIn(client, document)];
    return places.flatMap((place) => entriesIn(place, document, file).map((entry) => ({ client: place, entry })));
  });
}

/** A client by its name, and the project where it is meant in one alone. */
export function shownClient({ name, project }: Client): string {
  return project === undefined ? name : `${name} in ${quoted(project, 100)}`;
}

/** The client in each of its projects that has servers of its own. */
function projectsIn({ projects = [], ...client }: Client, { root }: JsonDocument): Client[] {
  return Object.entries(at(valueOf(root), projects) ?? {})
    .filter(([, project]) => at(project, client.path) !== undefined)
    .map(([project]) => ({ ...client, path: [...projects, project, ...client.path], project }));
}

/** The object at the end of a path; nothing where there is none. */
function at(value: unknown, path: readonly string[]): object | undefined {
  const end = path.reduce<unknown>((inner, name) => isObject(inner) ? inner[name] : undefined, value);
  return isObject(end) ? end : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
