/**
 * The head of a request without a body (RFC 9112, section 3); `connection` is what its connection is to become of it.
 * `Headers` takes no line breaks, and a `URL` neither these nor blanks.
 */
export function requestHead(
  { method, url, headers }: { readonly method: string; readonly url: URL; readonly headers: Headers },
  connection: "close" | "upgrade",
): Uint8Array {
  const lines = [`${method} ${url.pathname}${url.search} HTTP/1.1`, `host: ${url.host}`, `connection: ${connection}`];
  // As fetch has it: some servers turn away who says no name.
  if (!headers.has("user-agent")) lines.push(`user-agent: ${navigator.userAgent}`);
  for (const [name, value] of headers) if (!OURS.has(name)) lines.push(`${name}: ${value}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

/** What the connection decides, whoever says otherwise. */
const OURS = new Set(["host", "connection", "content-length", "transfer-encoding"]);
