import { type Clock, pause } from "../../platform/clock.ts";
import { composeMessage, type Message } from "../../transport/message.ts";
import type { Probed } from "./health_state.ts";
import { ownFailure } from "./own_failure.ts";

/** A connection that a request of ours may go out on, beside those of its clients. */
export interface Connection {
  /** Whether it is of the era without a handshake. */
  readonly isModern: boolean;
  /** Asks the server; the clients hear nothing of it. */
  ask(request: Message): Promise<Message>;
  /** Says something to the server. */
  tell(notification: Message): void;
  /** Nothing more will be asked. */
  leave(): void;
}

/** How long a server may take for the cheapest request, in ms. */
const PATIENCE_MS = 15_000;
const META = "io.modelcontextprotocol/";

/** Asks the cheapest thing that a server must answer, on a connection that is there. */
export async function probe(connection: Connection, clock: Clock): Promise<Probed> {
  const id = `mcp-bridge:health:${crypto.randomUUID()}`;
  const since = clock.now();
  const enough = new AbortController();
  const answering = connection.ask(request(id, connection.isModern));
  const answer = await Promise.race([answering, pause(clock, PATIENCE_MS, enough.signal)]);
  enough.abort();
  if (answer === undefined) {
    connection.tell(composeMessage({ method: "notifications/cancelled", params: { requestId: id } }));
  }
  connection.leave();
  const ms = clock.now() - since;
  if (answer !== undefined) return { ms, failure: answer.isError ? ownFailure(answer) : undefined };
  return { ms, failure: { code: "timed_out", text: `it has not answered a ping for ${PATIENCE_MS / 1_000} s` } };
}

/** `ping` in the era of the handshake (basic/utilities/ping), `server/discover` in the other. */
function request(id: string, isModern: boolean): Message {
  if (!isModern) return composeMessage({ id, method: "ping" });
  const _meta = {
    [`${META}protocolVersion`]: "2026-07-28",
    [`${META}clientInfo`]: { name: "mcp-bridge", version: "1" },
    [`${META}clientCapabilities`]: {},
  };
  return composeMessage({ id, method: "server/discover", params: { _meta } });
}
