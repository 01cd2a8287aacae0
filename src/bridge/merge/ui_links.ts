import { type Edit, settingMembers } from "../../transport/json_edit.ts";
import { findMember, textOf } from "../../transport/json_scan.ts";
import { decodedString } from "../../transport/message.ts";
import { mergedUri } from "./uris.ts";

/** Where `_meta` names the page that shows a tool: MCP Apps, the same before it was settled, and OpenAI's Apps SDK. */
const PLACES: readonly (readonly [...parents: string[], name: string])[] = [
  ["ui", "resourceUri"],
  ["ui/resourceUri"],
  ["openai/outputTemplate"],
];

/** What gives the pages that `_meta` of the object at `at` names the URIs under which the client can read them. */
export function uiEdits(bytes: Uint8Array, at: number, slug: string): Edit[] {
  const meta = findMember(bytes, at, "_meta");
  if (meta === undefined) return [];
  return PLACES.flatMap((place) => {
    const name = place.at(-1)!;
    const object = place.length === 1 ? meta : findMember(bytes, meta.start, place[0]!);
    const span = object && findMember(bytes, object.start, name);
    const uri = decodedString(span && textOf(bytes, span));
    if (object === undefined || uri === undefined) return [];
    return settingMembers(bytes, object.start, [[name, JSON.stringify(mergedUri(slug, uri))]]);
  });
}
