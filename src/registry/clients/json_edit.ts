import { BridgeError, quoted } from "../../platform/errors.ts";
import { JsonDocument, memberOf, membersOf, valueOf } from "../document.ts";
import { withMember, withObject, withOtherMember, withoutMember } from "../text_edit.ts";
import { ensureEdit, type Said, type Spot } from "./checked_edit.ts";
import { holdsNothing, listIn, pathIn } from "./read.ts";

/** A text of JSON with an entry, in the place of one that is there. */
export async function withJsonEntry(spot: Spot, entry: Said): Promise<string> {
  const { client, text, file, name } = spot;
  if (holdsNothing(text)) return jsonSnippet(client.path, name, entry, text);
  const document = await parse(spot);
  const list = listIn(client, document, file);
  const change = list !== undefined && memberOf(list, name) !== undefined ? withOtherMember : withMember;
  return await checked(spot, change(text, document, pathOf(spot, document), name, entry), entry);
}

/** A text with other values for some keys of an entry, which said `old`. */
export async function withJsonKeys(spot: Spot, old: Said, keys: Said): Promise<string> {
  let next = spot.text;
  for (const [key, value] of Object.entries(keys)) {
    const document = await parse({ ...spot, text: next });
    const change = Object.hasOwn(old, key) ? withOtherMember : withMember;
    next = change(next, document, [...pathOf(spot, document), spot.name], key, value);
  }
  return await checked(spot, next, { ...old, ...keys });
}

/** A text without an entry. */
export async function withoutJsonEntry(spot: Spot): Promise<string> {
  const document = await parse(spot);
  return await checked(spot, withoutMember(spot.text, document, pathOf(spot, document), spot.name), undefined);
}

/** An entry as the whole of what a file says, behind the comments of `text`. */
export function jsonSnippet(path: readonly string[], name: string, entry: Said, text = ""): string {
  return withObject(text, [...path, name].reduceRight<unknown>((inner, name) => ({ [name]: inner }), entry));
}

function pathOf({ client }: Spot, { root }: JsonDocument): readonly string[] {
  return pathIn(client, valueOf(root));
}

/** A document in which nothing on the way to the entry stands twice: which of them counts is for people to say. */
async function parse(spot: Spot): Promise<JsonDocument> {
  const { text, file, name } = spot;
  const document = await JsonDocument.parse(text, file, "bad_client_file");
  let node = document.root;
  for (const step of [...pathOf(spot, document), name]) {
    const found = membersOf(node).filter((member) => member.name === step);
    if (found.length > 1) throw twice(step, file);
    if (found[0] === undefined) break;
    node = found[0].node;
  }
  return document;
}

async function checked(spot: Spot, next: string, entry: Said | undefined): Promise<string> {
  const [was, is] = await Promise.all([spot.text, next].map(async (text) => {
    return valueOf((await JsonDocument.parse(text, spot.file, "bad_client_file")).root);
  }));
  ensureEdit(spot, was, is, entry);
  return next;
}

function twice(name: string, file: string): BridgeError {
  return new BridgeError("bad_client_file", `${JSON.stringify(file)} says ${quoted(name)} twice`, {
    hint: "take one of them out in an editor",
  });
}
