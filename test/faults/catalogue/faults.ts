/** What goes wrong without anybody's will. */
import type { Entry } from "./entry.ts";

/** Part C. */
export const FAULTS: readonly Entry[] = [
  {
    id: "C1",
    fault: "`kill -9` while the vault is written",
    promise: "the old state or the new one, and no litter after the next start",
  },
  {
    id: "C2",
    fault: "`kill -9` between a token's answer and its keeping",
    promise: "one more sign-in at most, never a loop or a start that fails",
  },
  {
    id: "C3",
    fault: "a disk that is full, read-only or broken",
    promise: "the old file stays, the token works, the person is told once",
    shown: [
      "unit/platform/private_files_test.ts > a private file > stays what it was where the new one cannot be written",
      "unit/app/memory_file_test.ts > a disk that cannot be written",
      "unit/serve/status/audit_test.ts > a disk that takes no more",
    ],
  },
  {
    id: "C4",
    fault: "many processes and one refresh token",
    promise: "it is redeemed once, and never a second time",
    shown: [
      "binary/attach_test.ts > ten processes at a server that demands OAuth",
      "unit/vault/vault_test.ts > a vault > loses none of many changes",
    ],
  },
  {
    id: "C5",
    fault: "many requests that meet an expired token at once",
    promise: "one renewal, and each is sent again once",
  },
  {
    id: "C6",
    fault: "a process that has been idle while others renewed the token",
    promise: "it reads what they brought before it redeems anything",
  },
  {
    id: "C7",
    fault: "the answer to a renewal is lost",
    promise: "what may be spent is not sent again: a sign-in, said plainly",
  },
  {
    id: "C8",
    fault: "a renewal that fails",
    promise: "only a real no costs the token, and only our own",
    shown: [
      "unit/auth/token_test.ts > a no",
      "binary/sign_in_test.ts > a token that has ended > whose renewal is refused",
    ],
  },
  {
    id: "C9",
    fault: "clocks that are wrong by minutes, days or decades",
    promise: "it works; at worst one more renewal",
  },
  {
    id: "C10",
    fault: "the machine slept",
    promise: "all connections are made anew, and a dead server is found within 15 s",
    shown: [
      "unit/bridge/pending_test.ts > a jump of the clock",
      "unit/transport/streamable_http_test.ts > the server's own stream > is opened anew after a sleep",
      "unit/transport/streamable_http_test.ts > the server's own stream > goes on behind the last event that came",
      "unit/net/gate_test.ts > connections > are used again, and after a sleep",
    ],
  },
  {
    id: "C11",
    fault: "the network is cut at any byte",
    promise: "each request has one answer, and the vault is whole",
    shown: [
      "faults/misbehaviours_test.ts",
      "faults/legacy_sse_test.ts > over HTTP+SSE > a stream that ends in the midst of a call",
      "unit/net/web_socket_test.ts > the handshake of a WebSocket > that the server resets",
    ],
  },
  {
    id: "C12",
    fault: "a server that restarts and knows no session any more",
    promise: "a new session is made; what only reads is sent again, the rest is told",
    shown: [
      "unit/transport/streamable_http_test.ts > a lost session",
      "unit/bridge/pump_test.ts > a session that is made again",
      "faults/c12_many_restarts_test.ts",
      "faults/serve_faults_test.ts > a server that is restarted under load",
    ],
  },
  {
    id: "C13",
    fault: "429 and 503 with `Retry-After`",
    promise: "kept up to 60 s, beyond that an error",
    shown: ["unit/transport/refusal_test.ts > readRetryAfter"],
  },
  {
    id: "C14",
    fault: "a connection that is dead without saying so",
    promise: "two pings without an answer end it",
  },
  {
    id: "C15",
    fault: "messages that are none, from either side",
    promise: "an error for that one alone",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > client's configuration",
      "unit/registry/clients/read_test.ts > a client's file that cannot be read",
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > envelope",
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > servers.json",
      "faults/era_faults_test.ts > a call that is answered badly",
      "unit/transport/message_test.ts > readMessage",
    ],
  },
  {
    id: "C16",
    fault: "messages beyond the limit, either way",
    promise: "an error that says so; the connection lives",
    shown: [
      "unit/transport/lines_test.ts > LineSplitter > drops a line beyond the limit",
      "unit/transport/lines_test.ts > LineSplitter > takes a line of exactly the limit",
      "faults/serve_slow_clients_test.ts > a body that is beyond the limit",
      "unit/transport/excerpt_test.ts",
      "unit/transport/local_server_test.ts > an answer of a program beyond the limit",
      "unit/transport/attached_server_test.ts > a link to a serve > of a serve that leaves ends with the last answer also",
      "faults/websocket_test.ts > over a WebSocket > a message that cannot be read, or is too long",
      "faults/legacy_sse_test.ts > over HTTP+SSE > an answer that is too long",
    ],
  },
  {
    id: "C17",
    fault: "UTF-8, line ends and events cut anywhere",
    promise: "the same text",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > event stream",
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > lines on stdin",
      "unit/transport/lines_test.ts > LineSplitter > finds the same lines",
      "unit/transport/sse_test.ts > SseReader > reads the same events wherever the stream is cut",
      "unit/transport/stdio_test.ts > StdioEnd > reads the same messages wherever the input is cut",
    ],
  },
  {
    id: "C18",
    fault: "a reader that does not read, a client that does not wait for its answers",
    promise: "memory stays bounded, and others are served",
    shown: [
      "unit/bridge/turns_test.ts",
      "unit/transport/outbox_test.ts",
      "unit/serve/legacy_sse_test.ts > HTTP with SSE > has 1,000 requests in flight at most",
      "faults/serve_faults_test.ts > a flood > of bytes to a client",
      "unit/transport/event_sink_test.ts",
      "unit/app/upstream_test.ts > a server with one stream > answers the others",
      "binary/attach_test.ts > a process that is started while serve runs > holds up no other",
      "unit/bridge/crowd_test.ts > what belongs to no request",
      "unit/serve/attached_clients_test.ts > a process that does not read",
      "unit/bridge/era/era_end_test.ts > a server waits while the client is behind with",
      "unit/bridge/merge/news_test.ts",
      "faults/c18_slow_reader_test.ts",
    ],
  },
  {
    id: "C19",
    fault: "the client leaves: idle, in a call, in a sign-in",
    promise: "the process ends within 2 s; a token on its way is kept",
    shown: [
      "binary/serve_test.ts > the end",
      "unit/auth/redemptions_test.ts",
      "unit/bridge/common_link_test.ts > a handshake > of a client that leaves",
    ],
  },
  {
    id: "C20",
    fault: "the reader of our output is gone",
    promise: "a quiet end",
    shown: ["unit/transport/outbox_test.ts > Outbox > tells once that the reader is gone"],
  },
  {
    id: "C21",
    fault: "SIGTERM, SIGINT, SIGHUP",
    promise: "as C19",
    shown: [
      "binary/serve_test.ts > the end > by SIG",
      "faults/c19_redemption_test.ts > a redemption that is on its way is waited for",
    ],
  },
  {
    id: "C22",
    fault: "payloads of megabytes by a pipe, to readers of any pace",
    promise: "every byte arrives",
    shown: [
      "binary/attach_test.ts > a process that is started while serve runs > hands messages of 8 MiB on",
      "unit/serve/attached_clients_test.ts > a process that is behind in the midst of a large answer",
      "unit/transport/local_server_test.ts > what a program has written before its end",
    ],
  },
  {
    id: "C23",
    fault: "a local stream that is silent for long",
    promise: "it stays open",
    shown: ["unit/serve/streamable_http_test.ts > the stream of a session > is silent for long"],
  },
  {
    id: "C24",
    fault: "ids that come twice, late, or that nobody knows; cancelling at any moment",
    promise: "never a second answer",
    shown: [
      "unit/transport/shared_stream_test.ts > one stream for all answers > what comes late",
      "unit/bridge/pump_test.ts > cancelling",
      "unit/bridge/pump_test.ts > a subscription that the server ends without an answer",
      "unit/transport/shared_stream_test.ts > whoever gives up while the connection comes about",
      "unit/bridge/crowd_test.ts",
      "unit/bridge/merge/schedules_test.ts",
    ],
  },
  {
    id: "C25",
    fault: "a client and a server of different eras of the protocol",
    promise: "they work together, both ways",
    shown: [
      "binary/eras_test.ts",
      "unit/bridge/era/era_end_test.ts",
      "faults/era_faults_test.ts",
      "conformance/client_test.ts",
    ],
  },
  {
    id: "C26",
    fault: "one of several servers is dead or slow",
    promise: "the others are not concerned; a list comes within 5 s",
    shown: [
      "unit/bridge/merge/lists_test.ts > a server that is slow or dead",
      "binary/all_servers_test.ts > servers that are not there",
      "unit/platform/budget_test.ts > a body that goes on beyond the limit",
      "unit/transport/shared_memory_test.ts",
    ],
  },
  {
    id: "C27",
    fault: "no browser: headless, WSL, SSH",
    promise: "the address on the terminal, and a code where the server offers that",
    shown: [
      "unit/platform/browser_test.ts > headlessReason",
      "binary/grants_test.ts > the device flow > is taken by itself where no browser",
    ],
  },
  {
    id: "C28",
    fault: "the same server started several times at once",
    promise: "one page; all others wait for it",
  },
  {
    id: "C29",
    fault: "a vault of an older or a newer version",
    promise: "the old one opens; the newer one is refused and not touched",
  },
  {
    id: "C30",
    fault: "a long life with all of this",
    promise: "nothing lost, nothing answered twice, memory flat",
  },
];
