import { commonEnds } from "../../platform/common_ends.ts";
import { JsonDocument, type Member, memberOf, valueOf } from "../document.ts";
import { withoutMember } from "../text_edit.ts";
import type { Client } from "./client.ts";
import { holdsNothing, pathIn, withinStack } from "./read.ts";
import { parseToml } from "./toml_document.ts";

/**
 * The text among `earlier` that differs from `text`, a client's file without our entry, in nothing but what we once put
 * around that entry: blanks, and the object that held it. Nothing where there is none. An earlier text may be nothing at
 * all, where there was no file; that is `null` here.
 */
export async function earlierText(
  client: Client,
  text: string,
  file: string,
  earlier: readonly (string | null)[],
): Promise<string | null | undefined> {
  return await withinStack(file, async () => {
    const forms = client.format === "toml" ? [text] : await formsOf(client, text, file);
    for (const candidate of earlier) {
      for (const form of forms) {
        if (candidate === null ? form.trim() === "" : await isSame(client, form, candidate, file)) return candidate;
      }
    }
    return undefined;
  });
}

/** The text as it is, without the objects that hold nothing any more, and without the last of them. */
async function formsOf(client: Client, text: string, file: string): Promise<string[]> {
  if (holdsNothing(text)) return [text];
  const forms = [text];
  let document = await JsonDocument.parse(text, file);
  const path = [...pathIn(client, valueOf(document.root))];
  for (let name = path.pop(); name !== undefined; name = path.pop()) {
    const holder = path.reduce<Member["node"] | undefined>((node, step) => node && memberOf(node, step), document.root);
    const object = holder && memberOf(holder, name);
    if (object?.type !== "object" || object.children!.length > 0) return forms;
    forms.push(withoutMember(forms.at(-1)!, document, path, name));
    document = await JsonDocument.parse(forms.at(-1)!, file);
  }
  const { root } = document;
  if (root.children!.length > 0) return forms;
  const last = forms.at(-1)!;
  return [...forms, last.slice(0, root.offset) + last.slice(root.offset + root.length)];
}

/** Whether two texts differ in blanks at one place alone, and say the same. */
async function isSame(client: Client, one: string, other: string, file: string): Promise<boolean> {
  if (one === other) return true;
  const { head, tail } = commonEnds(one, other);
  const middles = [one, other].map((text) => text.slice(head, text.length - tail));
  if (middles.some((middle) => middle.trim() !== "")) return false;
  return Bun.deepEquals(await valueIn(client, one, file), await valueIn(client, other, file));
}

async function valueIn(client: Client, text: string, file: string): Promise<unknown> {
  if (client.format === "toml") return (await parseToml(text, file)).value;
  return holdsNothing(text) ? undefined : valueOf((await JsonDocument.parse(text, file)).root);
}
