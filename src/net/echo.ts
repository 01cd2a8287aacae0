import { quoted } from "../platform/errors.ts";
import { withoutSecrets } from "../platform/redact.ts";

/** Headers of a request that are no secret, and whose words an answer may well say by itself. */
const PLAIN =
  /^(?:accept|accept-encoding|content-type|host|user-agent|last-event-id|traceparent|tracestate|mcp-(?:protocol-version|session-id|method|name|param-.*))$/;

/**
 * Quotes what a server said, cut at `limit` signs, without what the headers of the request told it in secret: pages of
 * errors repeat them, and what is quoted stands in logs.
 */
export function quotedReply(said: string | Uint8Array, sent: Headers | undefined, limit?: number): string {
  const text = typeof said === "string" ? said : new TextDecoder().decode(said);
  return quoted(sent === undefined ? text : withoutSecrets(text, secretsIn(sent)), limit);
}

function* secretsIn(sent: Headers): Generator<string> {
  for (const [name, value] of sent) {
    if (PLAIN.test(name)) continue;
    // Behind a scheme (RFC 9110, 11.4), where there is one.
    yield* [value, value.replace(/^\S+\s+/, "")];
    if (name === "cookie") yield* value.split(";").map((cookie) => cookie.slice(cookie.indexOf("=") + 1).trim());
    const basic = /^basic\s+(\S+)$/i.exec(value)?.[1];
    // The password, behind the name (RFC 7617).
    if (basic !== undefined) yield Buffer.from(basic, "base64").toString().replace(/^[^:]*:/, "");
  }
}
