import { type Context, Hono, type HonoRequest } from "hono";
import type { Connections } from "../net/other_user.ts";
import type { Budget } from "../platform/budget.ts";
import { BridgeError } from "../platform/errors.ts";
import { guard, type GuardOptions } from "./guard/guard.ts";
import { LegacySseService } from "./legacy_sse.ts";
import type { Place } from "./place.ts";
import type { Pool } from "./pool.ts";
import { refusal } from "./guard/refusals.ts";
import type { Sessions } from "./sessions.ts";
import { StreamableHttpService } from "./streamable_http.ts";

/** What the endpoint is made of. */
export interface EndpointOptions {
  readonly guard: GuardOptions;
  readonly pool: Pool;
  /** All servers of the pool as one. */
  readonly all?: Place;
  readonly sessions: Sessions;
  /** The longest message, in bytes, and the memory that large ones share. */
  readonly limit: number;
  readonly budget: Budget;
  /** Further routes, which guard themselves. */
  readonly more?: (app: Hono) => void;
}

/** Answers every HTTP request that reaches us; `connections` are those of the listener that it came by. */
export type Endpoint = (request: Request, connections?: Connections) => Response | Promise<Response>;

/** The routes of the local endpoint. `/healthz` answers whoever asks, everything else wants our token. */
export function makeEndpoint({ guard: who, pool, sessions, limit, budget, more, all }: EndpointOptions): Endpoint {
  // Addresses of other servers end in a slash, and people write ours likewise.
  const app = new Hono({ strict: false });
  const http = new StreamableHttpService({ sessions, limit, budget });
  const sse = new LegacySseService({ sessions, limit, budget });
  // Each route looks for itself: a middleware makes Hono go about every request in a slower way.
  const guarded = (answer: Route): Route => (context) => guard(context.req.raw, who, false) ?? answer(context);

  app.get("/healthz", () => new Response("ok\n"));
  more?.(app);
  const at = (target: string | undefined): Place | undefined => target === undefined ? all : placeOf(pool, target);
  const withPlace = (answer: (place: Place, request: HonoRequest) => Response | Promise<Response>): Route =>
    guarded(({ req }) => {
      const place = at(req.param("target"));
      return place === undefined ? unknownName() : answer(place, req);
    });
  app.all("/mcp/:target?", withPlace((place, { raw }) => http.answer(raw, place)));
  app.get("/sse/:target?", withPlace((place) => sse.open(place, messagesAddress(place))));
  app.post(
    "/messages/:target?",
    withPlace((place, req) => sse.post(req.raw, place, req.query("sessionId") ?? "")),
  );
  app.notFound(guarded(() => refusal(404, new BridgeError("unknown_name", "there is nothing at this address"))));
  app.onError((thrown) => refusal(500, new BridgeError("internal", "the request failed", { cause: thrown })));
  return (request, connections) => app.fetch(request, connections);
}

type Route = (context: Context) => Response | Promise<Response>;

/** Where a client of HTTP with SSE posts to. */
function messagesAddress({ target }: Place): string {
  return target === "" ? "/messages" : `/messages/${encodeURIComponent(target)}`;
}

/** The place of a server, `name` or `name@account`; nothing where there is none. */
function placeOf(pool: Pool, target: string): Place | undefined {
  const at = target.indexOf("@");
  const server = at < 0 ? pool.get(target) : pool.get(target.slice(0, at), target.slice(at + 1));
  return server && {
    target,
    seat: (end, visitor) => server.seat(end, visitor),
    stand: (end, visitor) => server.stand(end, visitor),
  };
}

function unknownName(): Response {
  return refusal(404, new BridgeError("unknown_name", "no server of this name", { hint: 'see "mcp-bridge list"' }));
}
