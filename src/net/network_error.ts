import { BridgeError, quoted } from "../platform/errors.ts";
import { certificateFault } from "./tls.ts";

/** Codes of failures before anything was sent. */
const UNSENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
]);

/** Turns what the runtime throws into an error of ours; `answered` tells that the headers had arrived. */
export function networkError(url: URL, thrown: unknown, answered = false): BridgeError {
  if (thrown instanceof BridgeError) return thrown;
  const code = String((thrown as { code?: unknown } | null)?.code ?? "");
  if (!answered && UNSENT.has(code)) {
    const what = code === "ENOTFOUND" || code === "EAI_AGAIN"
      ? `the name ${quoted(url.hostname)} has no address`
      : `${url.host} does not accept connections (${code})`;
    return new BridgeError("unreachable", what, { hint: "check the address and the network", cause: thrown });
  }
  const untrusted = answered ? undefined : certificateFault(code, url.host);
  if (untrusted !== undefined) return untrusted;
  if (code === "ZlibError" || code.startsWith("Brotli") || code.startsWith("Zstd")) {
    return new BridgeError("bad_answer", "the server's answer is compressed and damaged", { cause: thrown });
  }
  if (code.startsWith("HPE_") || code === "Malformed_HTTP_Response" || code === "InvalidHTTPResponse") {
    return new BridgeError("bad_answer", `${url.host} does not speak HTTP`, { cause: thrown });
  }
  return new BridgeError("outcome_unknown", `the connection to ${url.host} ended early`, { cause: thrown });
}
