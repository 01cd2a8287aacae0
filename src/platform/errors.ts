/**
 * Every way in which the product can fail, by a stable code. The number is what a JSON-RPC answer of ours carries in
 * `error.code`: it lies outside -32768..-32000, so that it is never taken for the server's word. The faults of the
 * client's own messages keep the numbers of JSON-RPC 2.0 section 5.1.
 */
export const ERROR_NUMBERS = {
  /** A line that is no JSON. */
  parse_error: -32700,
  /** JSON that is no JSON-RPC message, or an id that is in flight already. */
  invalid_request: -32600,
  /** A method that nobody here knows. */
  unknown_method: -32601,
  /** A name or an address that none of several servers has, or a parameter that is missing. */
  not_offered: -32602,
  /** Wrong words on the command line. */
  bad_argument: 1001,
  /** An address that is no `http:` or `https:` URL, or not a safe one. */
  bad_url: 1002,
  /** A header that HTTP does not allow, or one that belongs to the protocol. */
  bad_header: 1003,
  /** A file that was named and cannot be read. */
  unreadable_file: 1004,
  /** A program that cannot be started, or ends before it has said anything. */
  bad_command: 1005,
  /** A list of servers that cannot be read, or an entry in it. */
  bad_registry: 1006,
  /** A name that no server can have. */
  bad_name: 1007,
  /** A name that no server has. */
  unknown_name: 1008,
  /** A variable of the environment or a secret of the keychain that an entry refers to, and that is not there. */
  missing_reference: 1009,
  /** No connection: nothing was sent. */
  unreachable: 1010,
  /** The server did not accept a connection in time: nothing was sent. */
  connect_timeout: 1011,
  /** The server's certificate was not accepted: nothing was sent. */
  untrusted_certificate: 1012,
  /** The connection ended after the request was sent: it may or may not have been carried out. */
  outcome_unknown: 1013,
  /** The server ended the exchange without the answer. */
  no_answer: 1014,
  /** The server's answer is no JSON-RPC answer to this request. */
  bad_answer: 1015,
  /** A message beyond the limit. */
  too_large: 1016,
  /** An HTTP status that is no answer. */
  http_status: 1017,
  /** The server asked to be left alone for longer than we wait. */
  busy: 1018,
  /** The server demands that somebody signs in. */
  sign_in_required: 1019,
  /** The server does not know the session any more. */
  session_lost: 1020,
  /** A deadline passed. */
  timed_out: 1021,
  /** The server stopped reacting, pings included. */
  unresponsive: 1022,
  /** The bridge is ending. */
  closing: 1023,
  /** The proxy on the way does not let the request through: nothing was sent. */
  proxy_refused: 1024,
  /** A tool that the person has taken out. */
  ignored_tool: 1025,
  /** What the server asked of the client meanwhile, the client refused. */
  input_refused: 1026,
  /** The server answered a request of ours with an error of its own. */
  server_error: 1028,
  /** Standard output takes nothing any more: a full disk. */
  unwritable_output: 1029,
  /** The client speaks only revisions of MCP that the server is too old for. */
  era_mismatch: 1027,
  /** No port for the browser to come back to. */
  callback_port_taken: 1030,
  /** The vault is there, and its key is not to be had: a locked keychain, a lost key file, a wrong passphrase. */
  vault_locked: 1040,
  /** What stands in the vault is not what was written. */
  vault_damaged: 1041,
  /** The vault was written by a later version. */
  vault_newer: 1042,
  /** The vault could not be written or read: a full disk, a read-only folder. What stood in it stands. */
  vault_unwritable: 1043,
  /** Another process holds the vault, or one of its locks, for longer than we wait. */
  vault_busy: 1044,
  /** Something in place of a private file that nobody should read or write: a link, a pipe, another user's file. */
  unsafe_file: 1045,
  /** Nothing says where the files of the product belong. */
  no_home: 1046,
  /** What a server publishes about signing in is wrong, or contradicts itself. */
  bad_metadata: 1050,
  /** An authorization server that does not promise to protect a sign-in against stolen codes (RFC 7636). */
  no_pkce: 1051,
  /** An authorization server that does not register us, or knows no way to. */
  registration_refused: 1052,
  /** The person, or the authorization server, said no. */
  sign_in_refused: 1053,
  /** The browser came back with what no sign-in of ours asked for. */
  foreign_answer: 1054,
  /** The authorization server gives no token; `OAuthRefusal` says why. */
  token_refused: 1055,
  /** An answer with a token that cannot be used. */
  bad_token_answer: 1056,
  /** A server points to where it may not send us. */
  unsafe_address: 1057,
  /** A request to our own endpoint without its token. */
  unauthorized: 1060,
  /** A request to our own endpoint that another page or program meant for somebody else. */
  forbidden: 1061,
  /** A port that another program listens on. */
  port_taken: 1062,
  /** The file of another program that cannot be read, or not be written to. */
  bad_client_file: 1070,
  /** A program that is not on this machine. */
  client_missing: 1071,
  /** A file that another program has changed meanwhile. */
  file_changed: 1072,
  /** A defect of ours. */
  internal: 1099,
} as const;

/** A stable name for a failure; messages may change, codes do not. */
export type ErrorCode = keyof typeof ERROR_NUMBERS;

/** A failure with its stable code, what happened (lower case, no full stop), and where one exists the cure. */
export class BridgeError extends Error {
  readonly code: ErrorCode;
  /** What to do about it, naming the command or flag that helps. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "BridgeError";
    this.code = code;
    this.hint = options.hint;
  }
}

/** Turns whatever was thrown into a `BridgeError`; what is none already is a defect of ours. */
export function toBridgeError(thrown: unknown): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  return new BridgeError(
    "internal",
    `unexpected failure: ${harmless(thrown instanceof Error ? thrown.message : String(thrown), 500)}`,
    {
      hint: 'run again with "--debug" and report it',
      cause: thrown,
    },
  );
}

/** Quotes text that a server supplied: JSON escapes keep it on one line and away from the terminal's controls. */
export function quoted(text: string, limit = 120): string {
  const short = text.length > limit ? `${text.slice(0, limit)}...` : text;
  return JSON.stringify(short).replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** The same without the quotation marks, for a text that stands by itself or was quoted before. */
export function harmless(text: string, limit?: number): string {
  return quoted(text, limit).slice(1, -1).replaceAll('\\"', '"');
}
