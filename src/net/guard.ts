/** Where it is this one, clients leave it out. */
const HTTP_PORT = 80;

/**
 * Whether a request to a listener of ours was meant for it: its `Host` must be one of the names that we gave out, with
 * our port, and an `Origin` must be of the same. A page that rebinds its own name to this machine carries that name.
 */
export function isMeantForUs(headers: Headers, names: readonly string[], port: number): boolean {
  const hosts = names.flatMap((name) => port === HTTP_PORT ? [name, `${name}:${port}`] : [`${name}:${port}`]);
  const origin = headers.get("origin");
  return hosts.includes(headers.get("host")?.toLowerCase() ?? "") &&
    (origin === null || origin === "null" || hosts.some((host) => origin.toLowerCase() === `http://${host}`));
}

/** Whether two secrets are the same, without telling by the time it takes how much of them is. */
export function isSameSecret(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
