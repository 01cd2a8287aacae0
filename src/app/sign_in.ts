import { authChallenge } from "../auth/challenge.ts";
import { sendWith } from "../auth/with_auth.ts";
import type { HttpRequest, Wire } from "../net/gate.ts";
import { BridgeError } from "../platform/errors.ts";
import { type AuthenticationParts, openTokenSession } from "./authentication.ts";

/** How a sign-in that was asked for by name ended. */
export type SignInOutcome = "signed_in" | "already" | "not_needed";

/** A request that every server refuses which wants to know who asks, and that changes nothing. */
const QUESTION = new TextEncoder().encode('{"jsonrpc":"2.0","id":"mcp-bridge:login","method":"ping"}');

/**
 * Signs in to a server before anybody needs it. `anew` does so though there is a token that would do.
 *
 * @throws {BridgeError} `http_status` where no server answers there, and what stands in the way of a sign-in
 */
export async function signInByName(
  wire: Wire,
  headers: Readonly<Record<string, string>>,
  parts: AuthenticationParts,
  anew: boolean,
): Promise<SignInOutcome> {
  const session = await openTokenSession(wire, parts);
  const token = await Promise.resolve(session.current()).catch(() => undefined);
  const answer = await sendWith(wire, questionTo(parts.server, headers), anew ? undefined : token, session.prover);
  answer.body.discard();
  if (answer.status !== 401) {
    if (token !== undefined && !anew) return "already";
    if (answer.status === 404 || answer.status >= 500) {
      throw new BridgeError("http_status", `${parts.server.host} answers ${answer.status} at this address`, {
        hint: "check the address",
      });
    }
    return "not_needed";
  }
  const challenge = authChallenge(answer.headers);
  await session.better({ status: 401, challenge, used: token, tried: new Set(anew ? ["refresh"] : []) });
  return "signed_in";
}

/** A request by which a server that wants to know who asks shows itself. */
export function questionTo(server: URL, headers: Readonly<Record<string, string>>): HttpRequest {
  const all = { ...headers, "content-type": "application/json", "accept": "application/json, text/event-stream" };
  return { url: server, method: "POST", headers: new Headers(all), body: QUESTION };
}
