import { type Edit, settingMembers } from "../../transport/json_edit.ts";
import { findMember, type Span, textOf } from "../../transport/json_scan.ts";
import { decodedString, type Message } from "../../transport/message.ts";

/** Where a message says which task it belongs to, in `_meta`. */
export const RELATED_TASK = "io.modelcontextprotocol/related-task";
/** Ends the slug, which has none. */
const SEPARATOR = ":";

/** Which server a merged id of a task belongs to, and what that calls it. */
export interface TaskParts {
  readonly slug: string;
  readonly own: string;
}

/** The id of a server's task beside those of others. */
function mergedTaskId(slug: string, own: string): string {
  return `${slug}${SEPARATOR}${own}`;
}

/** What a merged id stands for; nothing where it is none. */
export function readMergedTaskId(merged: string): TaskParts | undefined {
  const end = merged.indexOf(SEPARATOR);
  return end <= 0 ? undefined : { slug: merged.slice(0, end), own: merged.slice(end + SEPARATOR.length) };
}

/** What gives the tasks that a result names the ids that the client knows: itself, one that it made, one that it is of. */
export function taskEdits(bytes: Uint8Array, result: Span, slug: string): Edit[] {
  const made = findMember(bytes, result.start, "task");
  const meta = findMember(bytes, result.start, "_meta");
  const related = meta && findMember(bytes, meta.start, RELATED_TASK);
  return [result, made, related].flatMap((object) => {
    const span = object && findMember(bytes, object.start, "taskId");
    const own = decodedString(span && textOf(bytes, span));
    if (object === undefined || own === undefined) return [];
    return settingMembers(bytes, object.start, [["taskId", JSON.stringify(mergedTaskId(slug, own))]]);
  });
}

/** What a server says by itself, with the ids of tasks that the client knows. */
export function withMergedTasks(slug: string, message: Message): Message {
  const own = message.method?.startsWith("notifications/tasks") === true ? message.stringParam("taskId") : undefined;
  const named = own === undefined ? message : message.withParam("taskId", JSON.stringify(mergedTaskId(slug, own)));
  const related = named.stringParam("_meta", RELATED_TASK, "taskId");
  if (related === undefined) return named;
  return named.withParams([], [[RELATED_TASK, JSON.stringify({ taskId: mergedTaskId(slug, related) })]]);
}
