import type { Message } from "../transport/message.ts";
import type { Askable } from "./crowd_questions.ts";
import { SUBSCRIPTION_ID } from "./era/discovery.ts";

/** A request of one of many clients, on its way under an id of ours. */
export interface Call {
  readonly member: Member;
  /** As the client wrote it. */
  readonly id: string;
  /** Under which key the client may cancel it. */
  readonly key: string;
  readonly method: string;
  /** What its progress is told under, as the client wrote it. */
  readonly token: string | undefined;
  /** Whether it asks for the log of what it leads to, as requests do from 2026-07-28 on. */
  readonly wantsLog: boolean;
}

/** One of many clients. */
export interface Member extends Askable {
  /** Its requests in flight, under their own ids' keys: the key of ours. */
  readonly calls: Map<string, string>;
  capabilities: Readonly<Record<string, unknown>> | undefined;
  /** The resources that it wants news of. */
  readonly followed: Set<string>;
}

/** A message that belongs to a request, in the words of the client that made it. */
export function restored(message: Message, call: Call): Message {
  if (message.method === "notifications/progress") {
    return call.token === undefined ? message : message.withParam("progressToken", call.token);
  }
  if (call.method !== "subscriptions/listen") return message;
  return message.withParams([], [[SUBSCRIPTION_ID, call.id]]);
}
