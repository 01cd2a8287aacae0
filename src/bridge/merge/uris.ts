const PREFIX = "mcp-bridge://";
/** Hosts take what a tool shows itself by (MCP Apps) under this scheme alone. */
const UI_SCHEME = "ui://";
const UI_PREFIX = `${UI_SCHEME}mcp-bridge.`;
/** An expression of a URI template (RFC 6570, section 2.2). */
const EXPRESSION = /(\{[^{}]*\})/;

/** Which server a merged URI belongs to, and what it is called there. */
export interface UriParts {
  readonly slug: string;
  readonly uri: string;
}

/**
 * The URI of a server's resource beside those of others: `mcp-bridge://<slug>/<percent-encoded uri>`, or
 * `ui://mcp-bridge.<slug>/<percent-encoded uri>` for one whose own scheme is `ui:`.
 */
export function mergedUri(slug: string, uri: string): string {
  return `${prefixOf(uri)}${slug}/${encoded(uri)}`;
}

/**
 * The same for a URI template (RFC 6570): its literals are percent-encoded and its expressions stay. What a client
 * makes of it by values of unreserved characters is the merged URI of what it would have made of the server's own
 * template. Other values are percent-encoded once by the client, where a merged URI has them twice: they come to the
 * server as they are, without the encoding that its own template would have given them.
 */
export function mergedTemplate(slug: string, template: string): string {
  return `${prefixOf(template)}${slug}/${eachLiteral(template, encoded)}`;
}

/** What a merged URI, or template, stands for; nothing where it is none. */
export function readMergedUri(merged: string): UriParts | undefined {
  const prefix = [PREFIX, UI_PREFIX].find((each) => merged.startsWith(each));
  if (prefix === undefined) return undefined;
  const end = merged.indexOf("/", prefix.length);
  if (end < 0) return undefined;
  try {
    return {
      slug: merged.slice(prefix.length, end),
      uri: eachLiteral(merged.slice(end + 1), decodeURIComponent),
    };
  } catch {
    // Percent signs that encode nothing: not of our making.
    return undefined;
  }
}

function prefixOf(uri: string): string {
  return uri.startsWith(UI_SCHEME) ? UI_PREFIX : PREFIX;
}

function eachLiteral(template: string, change: (literal: string) => string): string {
  return template.split(EXPRESSION).map((part, place) => place % 2 === 0 ? change(part) : part).join("");
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
