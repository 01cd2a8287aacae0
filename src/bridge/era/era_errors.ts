import { BridgeError, quoted } from "../../platform/errors.ts";
import { decodedString, type Message } from "../../transport/message.ts";
import { claimedRevision } from "../../transport/request_headers.ts";
import { errorAnswer } from "../answers.ts";
import { agreedRevision, firstRevision } from "./discovery.ts";

const ASK = "ask whoever runs the server";

/** The answer to an `initialize` by a server that is spoken to without a handshake alone, and wants one. */
export function notModern(initialize: Message, server: string): Message {
  const what = `the server does not speak MCP ${firstRevision()}`;
  const hint = 'leave "--protocol modern" out';
  return errorAnswer(initialize.id!, new BridgeError("bad_answer", what, { hint }), server);
}

/** The answer to an `initialize` that a server refuses, though it does not say what it wants instead. */
export function noOffer(initialize: Message, refusal: Message, server: string): Message {
  const said = quoted(decodedString(refusal.answerMember("error", "message")) ?? "");
  const what = `the server refuses the handshake of MCP ${agreedRevision(initialize)}, ${said}, ` +
    `and what it says to server/discover offers no revision that is spoken here, ${firstRevision()}`;
  return errorAnswer(initialize.id!, new BridgeError("bad_answer", what, { hint: ASK }), server);
}

/** The answer to a request without a handshake by a server that wants one: nobody translates that way round. */
export function tooNew(request: Message, server: string): Message {
  const what = `the server speaks MCP 2025-11-25 or earlier, and the client ${claimedRevision(request)!} alone`;
  const hint = `use a client that speaks 2025-11-25 as well, or ${ASK} to update it`;
  return errorAnswer(request.id!, new BridgeError("era_mismatch", what, { hint }), server);
}

/** The answer to a `server/discover` that a server refuses as one that knows no such thing; a client of both eras goes on. */
export function noDiscovery(request: Message, { message, hint }: BridgeError, server: string): Message {
  const options = hint === undefined ? {} : { hint };
  return errorAnswer(request.id!, new BridgeError("unknown_method", message, options), server);
}
