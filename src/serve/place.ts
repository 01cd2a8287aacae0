import type { LocalEnd } from "../transport/channel.ts";
import type { Seat } from "./pooled_server.ts";
import type { Visitor } from "./watched.ts";

/** What stands behind one address of the endpoint: a server and account, or all servers. */
export interface Place {
  /** The address's own part of the path; sessions are tied to it. */
  readonly target: string;
  /** Gives the client at `end` a session. */
  seat(end: LocalEnd, visitor: Visitor): Seat;
  /** Takes in a client that speaks without a session. */
  stand(end: LocalEnd, visitor: Visitor): Seat;
}
