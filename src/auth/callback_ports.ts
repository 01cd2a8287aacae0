import { DOCUMENT_PORTS } from "./client_document.ts";
import type { SignInSettings } from "./settings.ts";

/** Ports that are tried in turn, from the first on. */
export interface PortRange {
  readonly port: number;
  readonly ports: number;
}

/** Each server has a port of its own among these, below those that systems give to outgoing connections. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const NEXT_PORTS = 8;

/** The ports that the browser may come back to; `byDocument` where we say who we are by a document, which names them. */
export function callbackPorts(
  { callbackPort }: Pick<SignInSettings, "callbackPort">,
  server: string,
  byDocument: boolean,
): PortRange {
  if (callbackPort !== undefined) return { port: callbackPort, ports: 1 };
  return byDocument ? DOCUMENT_PORTS : { port: stablePort(server), ports: NEXT_PORTS };
}

/** The same port for the same server, so that an authorization server that compares ports finds the one it knows. */
function stablePort(server: string): number {
  return FIRST_PORT + Number(Bun.hash(server) % BigInt(PORTS));
}
