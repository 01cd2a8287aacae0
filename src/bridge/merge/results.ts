import { type Edit, edited, settingMembers } from "../../transport/json_edit.ts";
import { elementsOf, findMember, type Span, textOf } from "../../transport/json_scan.ts";
import { skipBlank } from "../../transport/json_skip.ts";
import { decodedString, type Message, readMessage } from "../../transport/message.ts";
import { taskEdits } from "./tasks.ts";
import { uiEdits } from "./ui_links.ts";
import { mergedUri } from "./uris.ts";

const OPEN_BRACKET = 0x5b;

/** Requests whose answers hold what a tool gave, or the task that is to give it. */
const OF_TOOLS: ReadonlySet<string> = new Set([
  "tools/call",
  "tasks/get",
  "tasks/result",
  "tasks/update",
  "tasks/cancel",
]);

/**
 * The answer to a request of `method` with what is the server's as the client knows it: URIs of resources in what was
 * read, and in links, pages and resources within what a tool or a prompt gave; ids of tasks. Every other byte stays.
 */
export function mergedResult(method: string, slug: string, answer: Message): Message {
  if (answer.isError) return answer;
  const { bytes } = answer;
  const result = (): Span | undefined => findMember(bytes, skipBlank(bytes, 0), "result");
  const edits = method === "resources/read"
    ? elements(bytes, result(), "contents").flatMap((span) => uriEdits(bytes, span, slug))
    : !OF_TOOLS.has(method) && method !== "prompts/get" || !mayNameThings(bytes)
    ? []
    : OF_TOOLS.has(method)
    ? toolEdits(bytes, result(), slug)
    : elements(bytes, result(), "messages").flatMap((span) => contentEdits(bytes, span, slug));
  return edits.length === 0 ? answer : readMessage(edited(bytes, edits));
}

/** Most results name no resource and no task, and are not looked at any further. */
function mayNameThings(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ['"resource', '"ui/resource', '"openai/outputTemplate"', '"taskId"'].some((word) => text.includes(word));
}

function elements(bytes: Uint8Array, object: Span | undefined, name: string): readonly Span[] {
  const array = object && findMember(bytes, object.start, name);
  return array && elementsOf(bytes, array.start)?.elements || [];
}

function toolEdits(bytes: Uint8Array, result: Span | undefined, slug: string): Edit[] {
  if (result === undefined) return [];
  const outer = [...uiEdits(bytes, result.start, slug), ...taskEdits(bytes, result, slug)];
  // A task that is over may hold what the tool gave.
  const given = [result, findMember(bytes, result.start, "result")];
  const blocks = given.flatMap((object) => elements(bytes, object, "content"));
  return [...outer, ...blocks.flatMap((span) => blockEdits(bytes, span, slug))];
}

/** The content of a prompt's message is one block; other revisions may make it a list. */
function contentEdits(bytes: Uint8Array, message: Span, slug: string): Edit[] {
  const content = findMember(bytes, message.start, "content");
  if (content === undefined) return [];
  if (bytes[content.start] !== OPEN_BRACKET) return blockEdits(bytes, content, slug);
  return elements(bytes, message, "content").flatMap((span) => blockEdits(bytes, span, slug));
}

function blockEdits(bytes: Uint8Array, block: Span, slug: string): Edit[] {
  const type = findMember(bytes, block.start, "type");
  switch (decodedString(type && textOf(bytes, type))) {
    case "resource_link":
      return uriEdits(bytes, block, slug);
    case "resource": {
      const resource = findMember(bytes, block.start, "resource");
      return resource === undefined ? [] : uriEdits(bytes, resource, slug);
    }
    default:
      return [];
  }
}

function uriEdits(bytes: Uint8Array, object: Span, slug: string): Edit[] {
  const span = findMember(bytes, object.start, "uri");
  const uri = decodedString(span && textOf(bytes, span));
  return uri === undefined ? [] : settingMembers(bytes, object.start, [["uri", JSON.stringify(mergedUri(slug, uri))]]);
}
