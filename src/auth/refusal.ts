import { BridgeError, quoted } from "../platform/errors.ts";
import { withoutSecrets } from "../platform/redact.ts";
import type { Reply } from "./ask.ts";

/** An authorization server's no (RFC 6749, 4.1.2.1 and 5.2; RFC 7591, 3.2.2), with its own code for it. */
export class OAuthRefusal extends BridgeError {
  /** Such as `invalid_grant`; nothing where the server gave none. */
  readonly oauthError: string | undefined;

  constructor(
    code: "sign_in_refused" | "token_refused" | "registration_refused",
    message: string,
    options: { oauthError: string | undefined; hint: string },
  ) {
    super(code, message, { hint: options.hint });
    this.oauthError = options.oauthError;
  }
}

/**
 * What a server said of an error, as part of a message: its code and description in quotes, with a space before, and
 * without those of `secrets` that it repeats.
 */
export function refusalText(error: unknown, description: unknown, secrets: readonly string[] = []): string {
  if (typeof error !== "string" || error === "") return "";
  const isSaid = typeof description === "string" && description !== "";
  const said = isSaid ? `, ${quoted(withoutSecrets(description, secrets))}` : "";
  return ` ${quoted(withoutSecrets(error, secrets), 60)}${said}`;
}

/** Codes of servers that are in trouble themselves. */
const PASSING = new Set(["temporarily_unavailable", "server_error"]);

/**
 * The error for an answer by which an authorization server gives not what it was asked for; `what` is that. Where it
 * repeats one of `secrets`, that is left out.
 */
export function refusalOf(
  reply: Reply,
  url: URL,
  what: "token" | "registration" | "revocation",
  hint: string,
  secrets: readonly string[] = [],
): BridgeError {
  const { error, error_description: description } = (reply.json ?? {}) as Record<string, unknown>;
  const oauthError = typeof error === "string" && error !== "" ? error : undefined;
  const text = `${url.host} gives no ${what} (${reply.status})${refusalText(error, description, secrets)}`;
  if (reply.status >= 500 || reply.status === 429 || (oauthError !== undefined && PASSING.has(oauthError))) {
    return new BridgeError("http_status", text, { hint: "try again later" });
  }
  return new OAuthRefusal(what === "registration" ? "registration_refused" : "token_refused", text, {
    oauthError,
    hint,
  });
}
