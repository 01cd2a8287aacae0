import type { Wire } from "../net/gate.ts";
import type { ChildOptions } from "../platform/child.ts";
import { EraEnd } from "../bridge/era/era_end.ts";
import { MirroredHeaders } from "../bridge/era/mirrored_headers.ts";
import type { Memory } from "../bridge/handshake.ts";
import type { FarEnd } from "../transport/channel.ts";
import type { Protocol, Strategy } from "../transport/choices.ts";
import { FallbackEnd } from "../transport/fallback.ts";
import { legacySseLink } from "../transport/legacy_sse.ts";
import { localServerLink } from "../transport/local_server.ts";
import { type OpenLink, SharedStreamEnd } from "../transport/shared_stream.ts";
import { StreamableHttp, type StreamableHttpOptions } from "../transport/streamable_http.ts";
import { webSocketLink } from "../transport/websocket.ts";

/** A program on this machine that speaks MCP on its standard input and output, and its whole environment. */
export type LocalProgram = ChildOptions;

/** Where a server is: at an `http:`, `https:`, `ws:` or `wss:` address, or in a program of this machine. */
export type Server = URL | LocalProgram;

/** What a far end is made of. */
export interface FarEndParts extends Omit<StreamableHttpOptions, "url"> {
  readonly protocol: Protocol;
  readonly memory: Memory;
  readonly wire: Wire;
  readonly strategy: Strategy;
  /** How long a server may take to name its endpoint, in ms. */
  readonly patience: number;
  /** Is told of what was found out: that the second of two transports is spoken, and the revision of a translated server. */
  onsecond?(): void;
  ontranslate?(revision: string): void;
}

/** The name of a server that a person knows it by. */
export function nameOf(server: Server): string {
  return server instanceof URL ? server.host : server.command;
}

/** Makes the far end that a server wants, in whichever era it lives; `strategy` is for those that speak HTTP. */
export function makeFarEnd(server: Server, parts: FarEndParts): FarEnd {
  return new EraEnd({
    ...parts,
    make: (events) => makeTransport(server, { ...parts, events }),
    server: nameOf(server),
    // Where each request has a stream of its own, closing that is what gives it up.
    cancelsByMessage: !(server instanceof URL && server.protocol.startsWith("http")),
  });
}

function makeTransport(server: Server, parts: FarEndParts): FarEnd {
  const { clock, events, limit, notify, strategy } = parts;
  function shared(open: OpenLink, isLocal = false): FarEnd {
    return new SharedStreamEnd({ open, events, clock, isLocal });
  }
  if (!(server instanceof URL)) return shared(localServerLink({ ...server, limit, notify }), true);
  const remote = { ...parts, url: server };
  if (server.protocol === "ws:" || server.protocol === "wss:") return shared(webSocketLink(remote));
  const http = (): FarEnd =>
    new MirroredHeaders({ events, notify, make: (events) => new StreamableHttp({ ...remote, events }) });
  const sse = (): FarEnd => shared(legacySseLink({ ...remote, now: () => clock.now() }));
  switch (strategy) {
    case "http-only":
      return http();
    case "sse-only":
      return sse();
    case "http-first":
      return new FallbackEnd(http(), sse(), parts.onsecond);
    case "sse-first":
      return new FallbackEnd(sse(), http(), parts.onsecond);
  }
}
