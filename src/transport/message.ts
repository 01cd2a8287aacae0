import type { BridgeError } from "../platform/errors.ts";
import { edited, editedInPlace, membersText, type RawMember, removingMember, settingMembers } from "./json_edit.ts";
import { eachMember, findMember, keyIs, onOneLine, type Span, textOf } from "./json_scan.ts";
import { OPEN_BRACE } from "./json_signs.ts";
import { skipBlank, skipValue, textIs } from "./json_skip.ts";
import { MalformedMessage } from "./malformed_message.ts";
import { idKey, idText, isId } from "./message_id.ts";

/** What a message is by JSON-RPC 2.0: a response is an answer of either kind, a result or an error. */
export type MessageKind = "request" | "notification" | "response";

/** The HTTP request of a client that brought a message to our endpoint. */
export interface Carrier {
  /** The client's id for it, or one of ours. */
  readonly requestId: string;
  /** The headers of the trace that it belongs to (W3C Trace Context), as they go on to the server. */
  readonly trace?: Readonly<Record<string, string>>;
}

const encoder = new TextEncoder();
/** Ids and methods are kept, and written into errors: longer ones are nobody's, in bytes. */
const LONGEST_NAME = 65_536;
/** Of what is looked at below `params`: names, tokens, addresses, in bytes. */
const LONGEST_PARAM = 1_048_576;
/** A copy of more, in bytes, is worth a change of the text that lies there. */
const LARGE = 1_048_576;

/**
 * One JSON-RPC message: its text as it was received, on one line, and the few fields of the envelope that a bridge
 * looks at. The text is never printed anew.
 */
export class Message {
  /** The text in UTF-8, without raw line breaks. */
  readonly bytes: Uint8Array;
  readonly kind: MessageKind;
  /** The id as it was written, quotes included; absent on a notification, and `null` where the sender wrote that. */
  readonly id: string | undefined;
  readonly method: string | undefined;
  /** Whether this is a response that carries `error`. */
  readonly isError: boolean;
  /** What brought it; stays with it when its text is edited. */
  carrier: Carrier | undefined;
  /** Why this answer is ours: the server could not be asked, or says nothing so far; stays with it likewise. */
  standsInFor: BridgeError | "late" | undefined;
  /** The error that this answer is made of, where it is ours; stays with it likewise. */
  madeOf: BridgeError | undefined;
  readonly #params: number;
  #key: string | undefined;

  constructor(
    bytes: Uint8Array,
    kind: MessageKind,
    id: string | undefined,
    method: string | undefined,
    params: number,
    isError: boolean,
  ) {
    this.bytes = bytes;
    this.kind = kind;
    this.id = id;
    this.method = method;
    this.#params = params;
    this.isError = isError;
  }

  /** The id in the one form under which equal ids meet, see `idKey`. */
  get key(): string {
    return this.#key ??= idKey(this.id ?? "null");
  }

  /** The same in memory of its own: whoever keeps it does not keep all that was read with it. */
  apart(): Message {
    const { kind, id, method, isError } = this;
    const message = new Message(this.bytes.slice(), kind, id, method, this.#params, isError);
    message.carrier = this.carrier;
    message.standsInFor = this.standsInFor;
    message.madeOf = this.madeOf;
    return message;
  }

  /** The raw text of a member below `params`, by its path; nothing where there is none, or one of more than 1 MiB. */
  param(...path: string[]): string | undefined {
    if (this.#params < 0) return undefined;
    let at = this.#params;
    let span: Span | undefined;
    for (const name of path) {
      if (this.bytes[at] !== OPEN_BRACE) return undefined;
      span = findMember(this.bytes, at, name);
      if (span === undefined) return undefined;
      at = span.start;
    }
    return span === undefined || span.end - span.start > LONGEST_PARAM ? undefined : textOf(this.bytes, span);
  }

  /** As `param`, where the member is a string: its decoded value. */
  stringParam(...path: string[]): string | undefined {
    return decodedString(this.param(...path));
  }

  /** Where the member `name` of a response's `result` or `error` object stands: its raw text. */
  answerMember(answer: "result" | "error", name: string): string | undefined {
    const whole = findMember(this.bytes, skipBlank(this.bytes, 0), answer);
    if (whole === undefined || this.bytes[whole.start] !== OPEN_BRACE) return undefined;
    const member = findMember(this.bytes, whole.start, name);
    return member && textOf(this.bytes, member);
  }

  /** The same message under another id, given in raw form; the rest of the text is untouched. */
  withId(id: string): Message {
    return this.#edited(settingMembers(this.bytes, skipBlank(this.bytes, 0), [["id", id]]));
  }

  /** As `withId`, of a message that nobody needs any more: a large one is not copied where the id has room in it. */
  renamed(id: string): Message {
    if (this.bytes.length <= LARGE) return this.withId(id);
    const edits = settingMembers(this.bytes, skipBlank(this.bytes, 0), [["id", id]]);
    return this.#read(editedInPlace(this.bytes, edits) ?? edited(this.bytes, edits));
  }

  /**
   * The same message with a member of `params` set to a value in raw form; the rest of the text is untouched. An object
   * takes the place of `params` that are none.
   */
  withParam(name: string, raw: string): Message {
    return this.withParams([[name, raw]]);
  }

  /** The same for several members, and for members of `params._meta`. */
  withParams(members: readonly RawMember[], meta: readonly RawMember[] = []): Message {
    const { bytes } = this;
    const at = this.#params;
    const all = meta.length === 0 ? members : [...members, ["_meta", `{${membersText(meta)}}`] as const];
    if (at < 0 || bytes[at] !== OPEN_BRACE) {
      return this.#edited(settingMembers(bytes, skipBlank(bytes, 0), [["params", `{${membersText(all)}}`]]));
    }
    const old = meta.length === 0 ? undefined : findMember(bytes, at, "_meta");
    if (old !== undefined && bytes[old.start] === OPEN_BRACE) {
      const edits = [...settingMembers(bytes, at, members), ...settingMembers(bytes, old.start, meta)];
      return this.#edited(edits);
    }
    return this.#edited(settingMembers(bytes, at, all));
  }

  /** The same response with a member of `result._meta` set to a value in raw form, where it has that member. */
  withResultMeta(name: string, raw: string): Message {
    const { bytes } = this;
    const result = findMember(bytes, skipBlank(bytes, 0), "result");
    if (result === undefined || bytes[result.start] !== OPEN_BRACE) return this;
    const meta = findMember(bytes, result.start, "_meta");
    if (meta === undefined || bytes[meta.start] !== OPEN_BRACE) return this;
    if (findMember(bytes, meta.start, name) === undefined) return this;
    return this.#edited(settingMembers(bytes, meta.start, [[name, raw]]));
  }

  /** The same message without a member of `params._meta`; the rest of the text is untouched. */
  withoutMeta(name: string): Message {
    const meta = this.#params < 0 ? undefined : findMember(this.bytes, this.#params, "_meta");
    if (meta === undefined || this.bytes[meta.start] !== OPEN_BRACE) return this;
    return this.#edited(removingMember(this.bytes, meta.start, name));
  }

  #edited(edits: Parameters<typeof edited>[1]): Message {
    return this.#read(edited(this.bytes, edits));
  }

  #read(bytes: Uint8Array): Message {
    const message = readMessage(bytes);
    message.carrier = this.carrier;
    message.standsInFor = this.standsInFor;
    message.madeOf = this.madeOf;
    return message;
  }
}

/** The value of a JSON string given as raw text; nothing where the text is something else. */
export function decodedString(raw: string | undefined): string | undefined {
  if (raw === undefined || !raw.startsWith('"')) return undefined;
  return raw.includes("\\") ? JSON.parse(raw) : raw.slice(1, -1);
}

/** Builds a message of our own from a JSON value. */
export function composeMessage(value: Record<string, unknown>): Message {
  return readMessage(encoder.encode(JSON.stringify({ jsonrpc: "2.0", ...value })));
}

// What `readMessage` has seen of the envelope; module state, so that a message costs no closure.
const NOTHING = new Uint8Array();
let scanned: Uint8Array = NOTHING;
let versionSeen = false;
let idStart = -1;
let idEnd = -1;
let methodStart = -1;
let methodEnd = -1;
let paramsStart = -1;
let answered = false;
let failed = false;

function see(keyStart: number, keyEnd: number, start: number, end: number): void {
  const bytes = scanned;
  if (keyIs(bytes, keyStart, keyEnd, "jsonrpc")) versionSeen = textIs(bytes, start, end, '"2.0"');
  else if (keyIs(bytes, keyStart, keyEnd, "id")) {
    idStart = start;
    idEnd = end;
  } else if (keyIs(bytes, keyStart, keyEnd, "method")) {
    methodStart = start;
    methodEnd = end;
  } else if (keyIs(bytes, keyStart, keyEnd, "params")) paramsStart = start;
  else if (keyIs(bytes, keyStart, keyEnd, "result")) answered = true;
  else if (keyIs(bytes, keyStart, keyEnd, "error")) answered = failed = true;
}

/**
 * Reads one JSON-RPC message. The text must be one JSON object with `jsonrpc: "2.0"`; a leading byte order mark and
 * line breaks between tokens are taken out.
 *
 * @throws {MalformedMessage} when it is no JSON, or JSON but no JSON-RPC message.
 */
export function readMessage(text: Uint8Array): Message {
  const bytes = onOneLine(text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? text.subarray(3) : text);
  scanned = bytes;
  versionSeen = answered = failed = false;
  idStart =
    idEnd =
    methodStart =
    methodEnd =
    paramsStart =
      -1;
  const open = skipBlank(bytes, 0);
  const end = eachMember(bytes, open, see);
  scanned = NOTHING;
  const isTooLong = idEnd - idStart > LONGEST_NAME || methodEnd - methodStart > LONGEST_NAME;
  const id = idStart >= 0 && !isTooLong && isId(bytes[idStart]!) ? idText(bytes, idStart, idEnd) : undefined;
  if (end < 0 || skipBlank(bytes, end) < bytes.length) throw notAnObject(bytes, open, id);
  if (!versionSeen) throw new MalformedMessage('the message has no "jsonrpc":"2.0"', true, id);
  if (isTooLong) throw new MalformedMessage("its id or its method is longer than 64 KiB", true);
  if (idStart >= 0 && id === undefined) {
    throw new MalformedMessage("the id is neither a string nor a number", true);
  }
  if (methodStart >= 0) {
    const method = methodText(bytes, methodStart, methodEnd);
    if (method === undefined) throw new MalformedMessage("the method is no string", true, id);
    return new Message(bytes, idStart >= 0 ? "request" : "notification", id, method, paramsStart, false);
  }
  if (!answered) throw new MalformedMessage("the message has neither a method nor an answer", true, id);
  return new Message(bytes, "response", id, undefined, -1, failed);
}

/** The method that was read last: mostly the next one is the same. */
let lastRaw = "";
let lastMethod: string | undefined;

function methodText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (lastRaw !== "" && textIs(bytes, start, end, lastRaw)) return lastMethod;
  const raw = textOf(bytes, { start, end });
  lastMethod = decodedString(raw);
  // Beyond ASCII the text has another length than its bytes.
  lastRaw = raw.length === end - start ? raw : "";
  return lastMethod;
}

function notAnObject(bytes: Uint8Array, open: number, id: string | undefined): MalformedMessage {
  const end = bytes[open] === OPEN_BRACE ? -1 : skipValue(bytes, open);
  const isJson = end >= 0 && skipBlank(bytes, end) === bytes.length;
  return new MalformedMessage(isJson ? "the message is no JSON object" : "the text is no JSON", isJson, id);
}
