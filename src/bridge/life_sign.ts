import { composeMessage, type Message } from "../transport/message.ts";
import { claimedRevision } from "../transport/request_headers.ts";

/**
 * The cheapest request that a silent server must answer: `ping` in a session of the handshake's era
 * (basic/utilities/ping), `server/discover` from 2026-07-28 on, with what one of the client's requests in flight says
 * of the client. Nothing where the server has not been told who we are.
 */
export function lifeSignRequest(id: string, inSession: boolean, inFlight: Iterable<Message>): Message | undefined {
  if (inSession) return composeMessage({ method: "ping" }).withId(id);
  for (const message of inFlight) {
    if (claimedRevision(message) === undefined) continue;
    const { progressToken: _, ...meta } = JSON.parse(message.param("_meta")!) as Record<string, unknown>;
    return composeMessage({ method: "server/discover", params: { _meta: meta } }).withId(id);
  }
  return undefined;
}
