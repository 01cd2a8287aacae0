import { edited } from "../transport/json_edit.ts";
import { type Message, readMessage } from "../transport/message.ts";
import type { Neighbours, Stage } from "./stage.ts";

/** Which texts are changed. */
export interface TextCuresOptions extends Neighbours {
  /** Whether `"arguments":null` of a call becomes `{}`. */
  readonly nullArguments: boolean;
  /** Whether U+0085, U+2028 and U+2029 are escaped on the way to the client. */
  readonly lineSeparators: boolean;
}

/** Changes single places of what passes, for clients that write or read lines in ways that others do not accept. */
export class TextCures implements Stage {
  readonly #options: TextCuresOptions;

  constructor(options: TextCuresOptions) {
    this.#options = options;
  }

  fromClient(message: Message): Promise<void> | undefined {
    const { nullArguments, onward } = this.#options;
    return onward(nullArguments ? withArguments(message) : message);
  }

  send(message: Message, causedBy?: string): Promise<void> | undefined {
    const { client, lineSeparators } = this.#options;
    return client.send(lineSeparators ? withoutSeparators(message) : message, causedBy);
  }

  close(deadline: number): Promise<void> {
    return this.#options.client.close(deadline);
  }
}

/** A call with an object of arguments in place of null; an absent one would not do, since schemas want an object. */
function withArguments(message: Message): Message {
  if (message.method !== "tools/call" || message.param("arguments") !== "null") return message;
  return message.withParam("arguments", "{}");
}

const encoder = new TextEncoder();
const SEPARATORS = ["\u0085", "\u2028", "\u2029"].map((sign) => {
  const escape = encoder.encode(`\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return { sign: encoder.encode(sign), escape };
});

/** The same JSON with the separators escaped; they stand in strings alone, and never behind a backslash. */
function withoutSeparators(message: Message): Message {
  const text = Buffer.from(message.bytes.buffer, message.bytes.byteOffset, message.bytes.length);
  const edits = SEPARATORS.flatMap(({ sign, escape }) => {
    const found: number[] = [];
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + sign.length)) found.push(at);
    return found.map((start) => ({ start, end: start + sign.length, text: escape }));
  });
  return edits.length === 0 ? message : readMessage(edited(message.bytes, edits));
}
