import { edited, settingMembers } from "../../transport/json_edit.ts";
import { findMember, textOf } from "../../transport/json_scan.ts";
import { decodedString, type Message } from "../../transport/message.ts";
import type { Kind } from "./directory.ts";

/** What a request is about. */
export interface Target {
  /** What kind of thing: one that has a name, one that has a URI, or a task with its id. */
  readonly kind: Kind | "resources" | "tasks";
  /** What the client calls it; nothing where the request does not say. */
  readonly called: string | undefined;
  /** The request with what the server calls it. */
  withOwn(own: string): Message;
}

/** What a request is about; nothing where requests of its method are about nothing that belongs to one server. */
export function targetOf(request: Message): Target | undefined {
  switch (request.method) {
    case "tools/call":
      return byParam(request, "tools", "name");
    case "prompts/get":
      return byParam(request, "prompts", "name");
    case "resources/read":
    case "resources/subscribe":
    case "resources/unsubscribe":
      return byParam(request, "resources", "uri");
    case "tasks/get":
    case "tasks/result":
    case "tasks/update":
    case "tasks/cancel":
      return byParam(request, "tasks", "taskId");
    case "completion/complete":
      return request.stringParam("ref", "type") === "ref/resource"
        ? byReference(request, "resources", "uri")
        : byReference(request, "prompts", "name");
    default:
      return undefined;
  }
}

function byParam(request: Message, kind: Target["kind"], member: string): Target {
  return {
    kind,
    called: request.stringParam(member),
    withOwn: (own) => request.withParam(member, JSON.stringify(own)),
  };
}

function byReference(request: Message, kind: Target["kind"], member: string): Target {
  const ref = new TextEncoder().encode(request.param("ref") ?? "{}");
  const span = findMember(ref, 0, member);
  return {
    kind,
    called: decodedString(span && textOf(ref, span)),
    withOwn: (own) => {
      const text = edited(ref, settingMembers(ref, 0, [[member, JSON.stringify(own)]]));
      return request.withParam("ref", new TextDecoder().decode(text));
    },
  };
}
