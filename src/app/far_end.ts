import type { Wire } from "../net/gate.ts";
import type { ChildOptions } from "../platform/child.ts";
import { EraEnd } from "../bridge/era/era_end.ts";
import { MirroredHeaders } from "../bridge/era/mirrored_headers.ts";
import type { CommonLink, CommonLinkOptions } from "../bridge/common_link.ts";
import type { Memory } from "../bridge/handshake.ts";
import type { FarEnd, FarEndEvents } from "../transport/channel.ts";
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
  /** How long a server may take to name its endpoint, in ms; 0 for as long as it likes. */
  readonly patience: number;
  /** Has clients share a program where it keeps no session for each; nothing where there is one client alone. */
  readonly shareProgram?: ShareProgram | undefined;
  /** Is told of what was found out: that the second of two transports is spoken, and the revision of a translated server. */
  onsecond?(): void;
  ontranslate?(revision: string): void;
}

/** Makes what the clients of a program have in common; whoever has one client does not load what that is. */
export type ShareProgram = (options: CommonLinkOptions) => CommonLink;

/** The name of a server that a person knows it by. */
export function nameOf(server: Server): string {
  return server instanceof URL ? server.host : server.command;
}

/** Whether all that a server says to a client comes on one stream, where the first of two transports is spoken. */
export function hasOneStream(server: Server, strategy: Strategy): boolean {
  return !(server instanceof URL && server.protocol.startsWith("http")) || strategy.startsWith("sse");
}

/** Makes far ends to a server, one for each client, as it wants them in whichever era it lives. */
export function farEndMaker(server: Server, parts: FarEndParts): (events: FarEndEvents) => FarEnd {
  const options = { ...parts, make: transportMaker(server, parts), server: nameOf(server) };
  const { budget, clock, limit, notify, shareProgram } = parts;
  if (server instanceof URL || shareProgram === undefined) return (events) => new EraEnd(options, events);
  const links = shareProgram({
    open: localServerLink({ ...server, limit, notify, budget }),
    clock,
    server: options.server,
  });
  return (events) => {
    const common = links.place();
    const make = (of: FarEndEvents): FarEnd =>
      new SharedStreamEnd({ open: common.open, events: of, clock, isLocal: true });
    return new EraEnd({ ...options, make, common }, events);
  };
}

/** `strategy` is for servers that speak HTTP. */
function transportMaker(server: Server, parts: FarEndParts): (events: FarEndEvents) => FarEnd {
  const { budget, clock, limit, notify, strategy } = parts;
  function shared(open: OpenLink, isLocal = false): (events: FarEndEvents) => FarEnd {
    return (events) => new SharedStreamEnd({ open, events, clock, isLocal });
  }
  if (!(server instanceof URL)) return shared(localServerLink({ ...server, limit, notify, budget }), true);
  const remote = { ...parts, url: server };
  if (server.protocol === "ws:" || server.protocol === "wss:") return shared(webSocketLink(remote));
  const mirrored = { notify, make: (events: FarEndEvents): FarEnd => new StreamableHttp(remote, events) };
  const http = (events: FarEndEvents): FarEnd => new MirroredHeaders(mirrored, events);
  const sse = shared(legacySseLink(remote));
  switch (strategy) {
    case "http-only":
      return http;
    case "sse-only":
      return sse;
    case "http-first":
      return (events) => new FallbackEnd(http(events), () => sse(events), parts.onsecond);
    case "sse-first":
      return (events) => new FallbackEnd(sse(events), () => http(events), parts.onsecond);
  }
}
