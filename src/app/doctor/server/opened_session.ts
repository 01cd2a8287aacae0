import { isKnownRevision } from "../../../bridge/era/discovery.ts";
import { harmless, quoted } from "../../../platform/errors.ts";
import { type Explanation, type Explanations, fault, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";
import type { Handshake } from "./handshake.ts";
import { settingsOf } from "./subject.ts";

/** The faults that a session which was opened may have, for the check that explains them. */
export type OpenedFaults = Explanations & Readonly<Record<"no_revision" | "unknown_revision", Explanation>>;

/** A session that was opened, as a finding. */
export function openedSession(explains: OpenedFaults, hands: Handshake, world: World): Finding {
  const { name, version, revision, capabilities, isTranslated } = hands;
  if (revision === undefined) return fault(explains, "no_revision");
  const transport = transportOf(hands, world);
  const who = name === undefined
    ? "the server"
    : `${quoted(name, 60)}${version === undefined ? "" : ` ${harmless(version, 40)}`}`;
  const text = `${who} speaks MCP ${harmless(revision, 40)} over ${transport}`;
  const details = { name, version, revision, transport, isTranslated, capabilities };
  if (!isKnownRevision(revision)) {
    const what = `${who} answers the handshake with the revision ${quoted(revision, 40)} of MCP, which is not known`;
    return fault(explains, "unknown_revision", { text: what, details });
  }
  return ok(`${text}${remark(hands, world)}`, details);
}

function remark({ isTranslated, isSecond }: Handshake, world: World): string {
  if (isTranslated) return ", without a handshake: what older clients say is translated";
  if (!isSecond) return "";
  const only = settingsOf(world).transport === "http-first" ? "sse-only" : "http-only";
  return ` alone; "--transport ${only}" saves a try at each start`;
}

function transportOf({ isSecond }: Handshake, world: World): string {
  const { server, transport } = settingsOf(world);
  if (!(server instanceof URL)) return "stdio";
  if (server.protocol.startsWith("ws")) return "a WebSocket";
  return transport.startsWith("sse") === isSecond ? "Streamable HTTP" : "the retired HTTP+SSE transport";
}
