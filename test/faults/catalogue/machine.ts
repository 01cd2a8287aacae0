/** What others on the machine may do to us, and what may lie around on it. */
import type { Entry } from "./entry.ts";

/** Part B. */
export const MACHINE: readonly Entry[] = [
  {
    id: "B1",
    fault: "DNS rebinding at the local endpoint and the callback (CVE-2025-66414)",
    promise: "only our own host and port are answered, and no page of another origin",
    shown: [
      "unit/serve/guard/guard_test.ts > a request goes on only with our host",
      "unit/serve/guard/guard_test.ts > host ",
    ],
  },
  {
    id: "B2",
    fault: "a page that has the browser send requests without asking first",
    promise: "refused",
    shown: [
      "unit/serve/read_body_test.ts > a body > of type",
      "unit/serve/guard/visitors_test.ts > a browser that came by a link > changes something only from our page",
      "binary/status_page_test.ts > who is let in > what changes something only from our own page",
    ],
  },
  {
    id: "B3",
    fault: "no token, a wrong one, one in the address, the page's cookie in another user's hands",
    promise: "401, without a hint of what exists, in constant time",
    shown: [
      "unit/serve/guard/guard_test.ts > a refusal",
      "unit/serve/guard/guard_test.ts > two secrets",
      "unit/serve/guard/visitors_test.ts > a browser that came by a link > is not known where another user",
      "unit/serve/status/view_routes_test.ts > the cookie of the page is worth nothing",
      "binary/serve_test.ts > who may ask",
    ],
  },
  {
    id: "B4",
    fault: "another user who reads our files",
    promise: "they are the user's alone, whatever the umask and whatever stood there before",
    shown: ["unit/platform/short_look_test.ts", "unit/registry/registry_test.ts > a file > is closed to others"],
  },
  {
    id: "B5",
    fault: "another program at the port of the callback",
    promise: "the code comes to us or to nobody",
    shown: ["unit/auth/callback_test.ts > the callback > walks on where a port is taken"],
  },
  {
    id: "B6",
    fault: "visits to the callback that nobody asked for",
    promise: "they change nothing, though another user of the machine makes them; the right one counts once",
    shown: [
      "unit/net/other_user_test.ts",
      "unit/auth/callback_test.ts > the callback > is changed by no wrong visit",
      "unit/auth/callback_test.ts > the callback > takes no visit before",
    ],
  },
  {
    id: "B7",
    fault: "a code that is brought twice",
    promise: "the second visit is ignored",
    shown: [
      "faults/b6_callback_test.ts > the right visit counts once",
      "unit/auth/callback_test.ts > the callback > takes one visit only",
    ],
  },
  {
    id: "B8",
    fault: "a link, a pipe or a folder in the place of a file of ours",
    promise: "refused, and what it leads to is not touched",
    shown: [
      "unit/registry/clients/client_write_test.ts > a client's file that is not written",
      "unit/app/memory_file_test.ts > a file that is not the user's own",
      "unit/registry/edit_test.ts > what is no plain file of ours is not edited",
      "binary/serve_records_test.ts > the audit > is written into no link",
      "binary/attach_test.ts > the socket > is not used where",
      "unit/vault/lock_test.ts > a lock of the vault > in whose place",
    ],
  },
  {
    id: "B9",
    fault: "secrets in arguments, which everybody can read",
    promise: "none of ours, and those of the person get the advice where to put them instead",
    shown: [
      "unit/cli/headers_test.ts > readHeaders > of ",
      "binary/command_line_test.ts > a credential in the arguments is used all the same",
    ],
  },
  {
    id: "B10",
    fault: "secrets in outputs, logs and files",
    promise: "none, at any level of detail",
    shown: [
      "unit/app/doctor/bundle_test.ts",
      "unit/app/doctor/discreet_test.ts",
      "binary/doctor_test.ts > a report for others",
      "unit/platform/redact_test.ts",
      "unit/auth/token_test.ts > a no > does not repeat what was sent",
      "unit/net/web_socket_test.ts > the handshake of a WebSocket > whose answer has what we sent",
      "unit/auth/token_test.ts > revoking > repeats no",
      "binary/vault_test.ts > vault export and import > let no secret out",
      "unit/harness/secret_sweep_test.ts",
      "unit/registry/mask_test.ts",
    ],
  },
  {
    id: "B11",
    fault: "secrets in the environment of what we start",
    promise: "browsers and servers get what they need and nothing of ours",
    shown: [
      "unit/platform/browser_test.ts > systemBrowser > starts the program of $BROWSER",
      "faults/local_server_test.ts > a server on this machine > gets the environment",
      "unit/registry/references_test.ts > a program gets our environment",
    ],
  },
  {
    id: "B12",
    fault: "a defect of ours that ends the process",
    promise: "one line that says what and where, without a value, and exit code 1",
  },
  {
    id: "B13",
    fault: "a hostile working directory",
    promise: "nothing in it is loaded or read",
  },
  {
    id: "B14",
    fault: "a hostile environment",
    promise:
      "not promised, since who sets our variables may run anything; certificates are checked and loopback is called directly all the same, and `doctor` names what it finds",
    shown: [
      "unit/app/doctor/failing_worlds_test.ts > what is wrong is found > environment/",
      "unit/net/gate_test.ts > TLS > a self-signed certificate is not trusted",
      "faults/l17_proxy_test.ts",
    ],
  },
  {
    id: "B15",
    fault: "a vault that was changed: any byte, any cut, rows that changed places",
    promise: "found out or harmless, and kept; that an old file is put back is not found out",
    shown: [
      "fuzz/fuzz_test.ts > what is made up is read or refused as it should be > vault row",
      "unit/vault/seal_test.ts",
      "unit/vault/transfer_test.ts > an exported vault > is refused where it is none",
    ],
  },
  {
    id: "B16",
    fault: "a keychain that is locked, absent, slow or denied",
    promise:
      "an error with a hint; absent at the first use, a file for the user alone, said aloud; never another key in silence",
    shown: ["unit/platform/keychain_test.ts", "unit/vault/key_test.ts", "binary/keychain_test.ts"],
  },
  {
    id: "B17",
    fault: "servers that a project brings along",
    promise: "files of a project are not read",
  },
  {
    id: "B18",
    fault: "names of servers that are paths, devices or look-alikes",
    promise: "any name stays a label; what goes into addresses and files is `[a-z0-9-]`, and twins are refused",
    shown: ["unit/registry/names_test.ts"],
  },
  {
    id: "B19",
    fault: "a lock that is held for ever, deleted or replaced",
    promise: "a wait with an end, and an error that says what to do",
  },
];
