import type { ErrorCode } from "../../platform/errors.ts";
import type { OwnFailure } from "./own_failure.ts";

/** What a call says of the server that it went to. */
export type Sign =
  /** The server has answered, with a result or an error of its own. */
  | "answered"
  /** It did something else than answer, or not in time. */
  | "failing"
  /** Nothing reaches it. */
  | "unreachable"
  /** It waits for somebody to sign in. */
  | "signed-out"
  /** The call tells of its client, or of us. */
  | "nothing";

const CODES: Readonly<Record<"unreachable" | "failing" | "signed-out", ReadonlySet<ErrorCode>>> = {
  "unreachable": new Set([
    "unreachable",
    "connect_timeout",
    "untrusted_certificate",
    "proxy_refused",
    "unresponsive",
    "bad_command",
  ]),
  "failing": new Set([
    "outcome_unknown",
    "no_answer",
    "bad_answer",
    "http_status",
    "busy",
    "timed_out",
    "bad_metadata",
    "vault_locked",
    "vault_damaged",
    "vault_unwritable",
    "vault_busy",
  ]),
  "signed-out": new Set(["sign_in_required", "sign_in_refused", "token_refused", "registration_refused", "no_pkce"]),
};

/** What an error of ours says of the server; none is an answer. */
export function signOf(failure: OwnFailure | undefined): Sign {
  if (failure === undefined) return "answered";
  for (const sign of ["unreachable", "failing", "signed-out"] as const) if (CODES[sign].has(failure.code)) return sign;
  return "nothing";
}
