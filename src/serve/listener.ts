import { BridgeError } from "../platform/errors.ts";
import { portHolder } from "../platform/port_holder.ts";
import type { Endpoint } from "./endpoint.ts";

/** Where the endpoint listens. */
export interface ListenerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The longest body of a request, in bytes. */
  readonly limit: number;
  readonly endpoint: Endpoint;
  /** For how long nothing may pass on a connection, in s. */
  readonly idle?: number;
}

/** A listener of ours. */
export interface Listener {
  readonly port: number;
  /** Ends it; what is open is cut off. */
  stop(): Promise<void>;
}

const IDLE_S = 60;

/**
 * Listens for HTTP.
 *
 * @throws {BridgeError} `port_taken`, or `unreachable` for an address that is none of this machine.
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { host, port, limit, endpoint, idle = IDLE_S } = options;
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      reusePort: false,
      development: false,
      // Who sends a request byte by byte, or reads nothing, is cut off; who waits hears from us more often than this.
      idleTimeout: idle,
      maxRequestBodySize: limit + 1,
      fetch: endpoint,
    });
    return { port: server.port!, stop: () => server.stop(true) };
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") {
      throw new BridgeError("unreachable", `cannot listen on ${host}, port ${port}`, {
        hint: 'name an address of this machine with "--host ADDRESS"',
        cause: thrown,
      });
    }
    const holder = await portHolder(port);
    const who = holder === undefined ? "another program" : `${JSON.stringify(holder.name)}, process ${holder.pid}`;
    throw new BridgeError("port_taken", `port ${port} is in use by ${who}`, {
      hint: 'end that, or name another port with "--port NUMBER"',
      cause: thrown,
    });
  }
}
