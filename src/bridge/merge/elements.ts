import { edited, settingMembers } from "../../transport/json_edit.ts";
import { findMember, textOf } from "../../transport/json_scan.ts";
import { skipBlank } from "../../transport/json_skip.ts";
import { decodedString } from "../../transport/message.ts";
import { mergedName } from "./names.ts";
import { uiEdits } from "./ui_links.ts";
import { mergedTemplate, mergedUri } from "./uris.ts";

/** What the elements of a list are known by, by the member of the result. */
const KNOWN_BY: Readonly<Record<string, readonly [key: string, merge: (slug: string, own: string) => string]>> = {
  tools: ["name", mergedName],
  prompts: ["name", mergedName],
  resources: ["uri", mergedUri],
  resourceTemplates: ["uriTemplate", mergedTemplate],
};

/** An element of a list as the client gets it. */
export interface MergedElement {
  readonly text: Uint8Array;
  /** What the server calls it, and what the client does. */
  readonly own: string;
  readonly merged: string;
}

/** An element of the list `member` under the name that it has for the client; nothing where it has none to begin with. */
export function mergedElement(member: string, slug: string, element: Uint8Array): MergedElement | undefined {
  const [key, merge] = KNOWN_BY[member]!;
  const at = skipBlank(element, 0);
  const span = findMember(element, at, key);
  const own = decodedString(span && textOf(element, span));
  if (own === undefined) return undefined;
  const merged = merge(slug, own);
  const edits = settingMembers(element, at, [[key, JSON.stringify(merged)]]);
  if (member === "tools") edits.push(...uiEdits(element, at, slug));
  return { text: edited(element, edits), own, merged };
}
