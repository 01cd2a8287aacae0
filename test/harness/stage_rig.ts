/** A stage between a client and a pump that exist only in the test's hands. */
import type { Neighbours, Stage } from "../../src/bridge/stage.ts";
import { type Message, readMessage } from "../../src/transport/message.ts";
import type { Json } from "./fake_mcp.ts";

/** A message as text or as JSON. */
export type Said = string | Json;

/** The rig: what came out of the stage on either side, as text. */
export class StageRig {
  /** What the client received. */
  readonly received: string[] = [];
  /** What the pump got. */
  readonly passed: string[] = [];
  /** Called with each message that the pump gets, for a pump that answers at once. */
  onpassed: (message: Message) => void = () => {};
  readonly stage: Stage;

  /** Makes the stage. */
  constructor(make: (neighbours: Neighbours) => Stage) {
    this.stage = make({
      client: {
        send: (message) => void this.received.push(textOf(message)),
        close: () => Promise.resolve(),
      },
      onward: (message) => {
        this.passed.push(textOf(message));
        this.onpassed(message);
        return undefined;
      },
    });
  }

  /** The client says something. */
  say(message: Said): void {
    void this.stage.fromClient(toMessage(message));
  }

  /** The pump has something for the client. */
  hear(message: Said): void {
    void this.stage.send(toMessage(message));
  }
}

/** A message of a text, or of JSON that needs no version. */
export function toMessage(message: Said): Message {
  const text = typeof message === "string" ? message : JSON.stringify({ jsonrpc: "2.0", ...message });
  return readMessage(new TextEncoder().encode(text));
}

/** A message as JSON. */
export function toJson(message: Message): Json {
  return JSON.parse(textOf(message));
}

function textOf(message: Message): string {
  return new TextDecoder().decode(message.bytes);
}
