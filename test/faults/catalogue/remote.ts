/** What a server, or whoever signs people in for it, may do to us. */
import type { Entry } from "./entry.ts";

/** Part A. */
export const REMOTE: readonly Entry[] = [
  {
    id: "A1",
    fault: "shell commands in the address of the sign-in page (CVE-2025-6514)",
    promise: "no shell ever sees what a server says",
    shown: ["unit/platform/browser_test.ts > openers"],
  },
  {
    id: "A2",
    fault: "addresses that are programs: `javascript:`, `file:`, `ms-msdt:`",
    promise: "they are refused before anything is opened or asked",
    shown: [
      "unit/auth/addresses_test.ts > nobody points to what is no plain web address",
      "unit/platform/browser_test.ts > systemBrowser > opens no",
    ],
  },
  {
    id: "A3",
    fault: "users, control signs, endless addresses, names that look like others",
    promise: "refused; a name beyond ASCII is shown in Punycode",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > server address",
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > address that a server names",
      "unit/net/server_url_test.ts",
      "unit/auth/addresses_test.ts > nobody points to",
    ],
  },
  {
    id: "A4",
    fault: "metadata that point into the person's network",
    promise: "a server cannot make us call private addresses",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > address that a server names",
      "unit/auth/addresses_test.ts > a server on the internet cannot point to",
      "unit/auth/addresses_test.ts > what a server may point to > a name that leads to this machine",
    ],
  },
  {
    id: "A5",
    fault: "a name that is public when it is judged and private when it is called",
    promise: "all its addresses are judged each time, and nothing is sent to who has no certificate for the name",
    shown: ["unit/auth/addresses_test.ts > what a server may point to > a name is judged anew each time"],
  },
  {
    id: "A6",
    fault: "redirects to other origins, to plain http, in circles",
    promise: "no secret header and no body crosses an origin",
    shown: [
      "unit/net/gate_test.ts > through fetch > a redirect",
      "unit/net/gate_test.ts > through node:http > a redirect",
      "unit/net/gate_test.ts > through fetch > a circle of redirects",
      "unit/net/gate_test.ts > through node:http > a circle of redirects",
      "unit/auth/discover_test.ts > one question > takes no secret to another origin",
    ],
  },
  {
    id: "A7",
    fault: "an answer of another authorization server than the one that was asked",
    promise: "a code is redeemed only where it was asked for",
    shown: [
      "unit/auth/authorize_test.ts > what the browser comes back with",
      "binary/bad_sign_in_test.ts > is refused after the person has agreed, leaves no tokens behind, and is tried again by the same process > an answer from another issuer",
      "binary/oidc_provider_test.ts > at oidc-provider > an answer whose iss was taken out",
      "conformance/client_test.ts > 2026-07-28 auth/iss-",
    ],
  },
  {
    id: "A8",
    fault: "metadata of another issuer",
    promise: "they are not used",
    shown: [
      "unit/auth/discover_test.ts > an issuer is the one that was asked for",
      "conformance/client_test.ts > 2026-07-28 auth/metadata-issuer-mismatch",
    ],
  },
  {
    id: "A9",
    fault: "metadata of another server",
    promise: "no token is asked for",
    shown: [
      "unit/auth/discover_test.ts > the resource is the server, verbatim",
      "conformance/client_test.ts > 2026-07-28 auth/resource-mismatch",
    ],
  },
  {
    id: "A10",
    fault: "a sign-in without PKCE",
    promise: "refused, unless the person takes it on",
    shown: [
      "unit/auth/authorize_test.ts > no sign-in begins without PKCE",
      "unit/auth/discover_test.ts > PKCE is what the metadata promise",
      "binary/bad_sign_in_test.ts > no PKCE is taken on",
    ],
  },
  {
    id: "A11",
    fault: "a server that moves to another authorization server",
    promise: "the client and the tokens of the old one are not shown to the new one",
    shown: [
      "faults/a11_moved_server_test.ts",
      "conformance/client_test.ts > 2026-07-28 auth/authorization-server-migration",
    ],
  },
  {
    id: "A12",
    fault: "answers without an end",
    promise: "memory stays under 150 MiB, and the error says what was too large",
    shown: [
      "faults/a12_dear_answers_test.ts",
      "faults/c16_oversize_test.ts > an answer of the server beyond the limit",
      "unit/net/body_test.ts > collect",
      "faults/websocket_test.ts > over a WebSocket > messages of 110 MiB",
      "faults/websocket_test.ts > over a WebSocket > a flood of pings",
      "faults/websocket_test.ts > over a WebSocket > a message so far beyond the limit",
      "unit/transport/websocket_test.ts",
      "unit/transport/frames_test.ts",
      "unit/transport/booking_test.ts",
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > frames",
      "unit/platform/pieces_test.ts",
      "unit/platform/budget_test.ts > a body of more than 4 MiB",
      "unit/transport/reply_test.ts",
      "unit/transport/event_sink_test.ts",
      "unit/auth/discover_test.ts > one question > has an answer of a mebibyte",
    ],
  },
  {
    id: "A13",
    fault: "answers that are slow, drip or stop",
    promise: "every wait of ours has an end, and one for a call the one that the client or a flag sets",
    shown: [
      "unit/net/web_socket_test.ts > the handshake of a WebSocket > that is given up while",
      "unit/net/gate_test.ts > through fetch > an answer whose headers do not come in time",
      "unit/net/gate_test.ts > through node:http > an answer whose headers do not come in time",
      "unit/net/gate_test.ts > a connection that does not come about",
      "unit/auth/discover_test.ts > one question > is given up after ten seconds",
      "unit/platform/budget_test.ts > a body that goes on beyond the limit",
      "unit/transport/shared_memory_test.ts",
      "binary/mcp_remote_flags_test.ts > what is waited for",
    ],
  },
  {
    id: "A14",
    fault: "compressed answers that grow without an end",
    promise: "what is unpacked is counted, as in A12",
    shown: [
      "faults/c16_oversize_test.ts > an answer of the server beyond the limit",
      "unit/net/gate_test.ts > compressed answers",
    ],
  },
  {
    id: "A15",
    fault: "names and marks of tools that would break a header",
    promise: "encoded, or the tool is left out",
    shown: [
      "unit/transport/request_headers_test.ts > encodeHeaderValue",
      "unit/bridge/era/tool_headers_test.ts",
      "unit/bridge/era/mirrored_headers_test.ts",
    ],
  },
  {
    id: "A16",
    fault: "a hostile `WWW-Authenticate`",
    promise: "it is read without failing, in linear time",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > WWW-Authenticate",
      "unit/auth/challenge_test.ts",
    ],
  },
  {
    id: "A17",
    fault: "hostile JSON: depth, `__proto__`, doubled keys, numbers without end",
    promise: "an error, or passed on as it was written",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > envelope",
      "unit/auth/discover_test.ts > hostile documents",
      "unit/transport/json_scan_test.ts",
      "unit/registry/registry_test.ts > an entry > names members like those of every object",
      "faults/awkward_messages_test.ts",
    ],
  },
  {
    id: "A18",
    fault: "hostile event streams",
    promise: "waits and memory stay bounded",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > event stream",
      "unit/transport/sse_test.ts",
      "unit/transport/streamable_http_test.ts > resuming",
    ],
  },
  {
    id: "A19",
    fault: "hostile answers with tokens",
    promise: "no storm of renewals, no broken header",
    shown: [
      "unit/auth/token_test.ts > a life that cannot be true",
      "unit/auth/token_test.ts > a token that cannot be used",
      "binary/bad_sign_in_test.ts > a lifetime that cannot be true",
      "binary/bad_sign_in_test.ts > is refused after the person has agreed, leaves no tokens behind, and is tried again by the same process > a line break",
    ],
  },
  {
    id: "A20",
    fault: "hostile answers to a registration",
    promise: "only what is known is kept",
    shown: ["unit/auth/register_test.ts > of what the server says of the client"],
  },
  {
    id: "A21",
    fault: "signs that drive a terminal or forge a line of the log",
    promise: "texts of others are shown in quotes, on one line",
    shown: [
      "unit/auth/discover_test.ts > hostile documents > texts of theirs",
      "unit/transport/refusal_test.ts > judgeRefusal > what a server says is quoted",
      "unit/bridge/merge/fan_out_test.ts",
    ],
  },
  {
    id: "A22",
    fault: "HTML in what the browser comes back with",
    promise: "the page runs nothing and loads nothing",
    shown: [
      "unit/auth/callback_test.ts > the callback > says why where it failed, and keeps the page harmless",
      "binary/status_page_test.ts > the status page in Chromium > shows what clients and servers call themselves as text",
    ],
  },
  {
    id: "A23",
    fault: "a tool that takes another server's name",
    promise: "names say whose they are, stay the same and never meet",
    shown: ["unit/bridge/merge/schedules_test.ts"],
  },
  {
    id: "A24",
    fault: "a server that is never content with a token",
    promise: "one renewal, one sign-in and one step-up for a request, three pages in all",
    shown: [
      "conformance/client_test.ts > 2025-11-25 auth/scope-retry-limit",
      "conformance/client_test.ts > 2026-07-28 auth/scope-retry-limit",
    ],
  },
  {
    id: "A25",
    fault: "the token of one server at another",
    promise: "it never gets there",
    shown: [
      "binary/import_test.ts > a refresh token goes to nobody but who gave it",
      "unit/auth/records_test.ts > tokens",
    ],
  },
];
