import type { Wire } from "../net/gate.ts";
import type { FarEnd } from "../transport/channel.ts";
import { FallbackEnd } from "../transport/fallback.ts";
import { legacySseLink } from "../transport/legacy_sse.ts";
import { type OpenLink, SharedStreamEnd } from "../transport/shared_stream.ts";
import { StreamableHttp, type StreamableHttpOptions } from "../transport/streamable_http.ts";
import { webSocketLink } from "../transport/websocket.ts";

/** The order in which the two HTTP transports are tried; `-only` tries no second one. */
export const STRATEGIES = ["http-first", "sse-first", "http-only", "sse-only"] as const;

/** One of `STRATEGIES`. */
export type Strategy = typeof STRATEGIES[number];

/** What a far end over HTTP is made of. */
export interface FarEndParts extends StreamableHttpOptions {
  readonly wire: Wire;
  readonly strategy: Strategy;
  /** How long a server may take to name its endpoint, in ms. */
  readonly patience: number;
}

/** Makes the far end that the address and the strategy ask for. */
export function makeFarEnd(parts: FarEndParts): FarEnd {
  const { clock, events, url } = parts;
  const shared = (open: OpenLink): FarEnd => new SharedStreamEnd({ open, events, clock, isLocal: false });
  if (url.protocol === "ws:" || url.protocol === "wss:") return shared(webSocketLink(parts));
  const http = (): FarEnd => new StreamableHttp(parts);
  const sse = (): FarEnd => shared(legacySseLink({ ...parts, now: () => clock.now() }));
  switch (parts.strategy) {
    case "http-only":
      return http();
    case "sse-only":
      return sse();
    case "http-first":
      return new FallbackEnd(http(), sse());
    case "sse-first":
      return new FallbackEnd(sse(), http());
  }
}
