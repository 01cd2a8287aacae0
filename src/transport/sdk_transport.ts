import type { JSONRPCMessage, Transport } from "@modelcontextprotocol/client";
import { BridgeError } from "../platform/errors.ts";
import { brokenBy, type ChannelEvents, type LocalEnd } from "./channel.ts";
import { type Message, readMessage } from "./message.ts";
import { deliver, type OpenLink } from "./shared_stream.ts";

/**
 * A link over a transport of the MCP SDK, which `make` creates anew for each connection. The SDK parses and prints each
 * message, so what its types do not hold is lost on the way: our own ends keep it.
 */
export function sdkTransportLink(make: () => Transport): OpenLink {
  return async (events) => {
    const transport = make();
    transport.onmessage = (message) => void deliver(printed(message), events);
    transport.onclose = () => events.onclose(brokenBy(new BridgeError("outcome_unknown", "the transport closed")));
    await transport.start();
    return {
      write: (message) => transport.send(parsed(message)),
      close: () => transport.close(),
    };
  };
}

/** A local end over a transport of the MCP SDK, which must not have been started. */
export class SdkTransportEnd implements LocalEnd {
  readonly #transport: Transport;

  constructor(transport: Transport, events: ChannelEvents) {
    this.#transport = transport;
    transport.onmessage = (message) => void events.onmessage(readMessage(printed(message)));
  }

  /** Begins to hand messages on. */
  start(): Promise<void> {
    return this.#transport.start();
  }

  send(message: Message): Promise<void> {
    return this.#transport.send(parsed(message));
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

function printed(message: JSONRPCMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

function parsed(message: Message): JSONRPCMessage {
  return JSON.parse(new TextDecoder().decode(message.bytes)) as JSONRPCMessage;
}
