import { BridgeError, quoted } from "../../platform/errors.ts";
import { edited, settingMembers } from "../../transport/json_edit.ts";
import { findMember } from "../../transport/json_scan.ts";
import { skipBlank } from "../../transport/json_skip.ts";
import { decodedString, type Message, readMessage } from "../../transport/message.ts";
import { errorAnswer, isObject } from "../answers.ts";

/**
 * The answer of a server without a handshake as a client of the handshake's era reads it, under the id that it gave;
 * `server` is the server's name in errors.
 */
export function translatedAnswer(request: Message, answer: Message, server: string): Message {
  const named = answer.key === request.key ? answer : answer.renamed(request.id!);
  if (named.isError) return withLegacyCode(request, named);
  const type = decodedString(named.answerMember("result", "resultType"));
  if (type === undefined || type === "complete") return named;
  const error = new BridgeError(
    "bad_answer",
    `the server answered with a result of the type ${quoted(type, 60)}, which the client's revision has no word for`,
    { hint: "use a client that speaks MCP 2026-07-28" },
  );
  return errorAnswer(request.id!, error, server);
}

/** A resource that is not there had a code of its own before. */
function withLegacyCode(request: Message, answer: Message): Message {
  if (request.method !== "resources/read" || answer.answerMember("error", "code") !== "-32602") return answer;
  const data = answer.answerMember("error", "data");
  const parsed: unknown = data === undefined ? undefined : JSON.parse(data);
  if (!isObject(parsed) || parsed["uri"] === undefined) return answer;
  const error = findMember(answer.bytes, skipBlank(answer.bytes, 0), "error")!;
  return readMessage(edited(answer.bytes, settingMembers(answer.bytes, error.start, [["code", "-32002"]])));
}
