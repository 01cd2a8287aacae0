/** Whether a URL's host name means this machine by itself: `localhost` and the loopback addresses (RFC 6761, 1122). */
export function isLoopback(hostname: string): boolean {
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname.endsWith(".localhost") ||
    hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Whether nobody on the way to an HTTP address can read along: it is encrypted, or on this machine. */
export function isEncrypted(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/** The host name of a URL as the system takes it: an IPv6 address without its brackets. */
export function bareHost({ hostname }: { readonly hostname: string }): string {
  return hostname.replace(/^\[|\]$/g, "");
}
