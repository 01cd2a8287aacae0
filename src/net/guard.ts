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

/**
 * As `isMeantForUs`, for hosts that are known by a rule: `isOurs` is given the `Host` in lower case, and an `Origin` must
 * be of that very host. It may be of https where somebody before us speaks that.
 */
export function isMeantForHost(headers: Headers, isOurs: (host: string) => boolean): boolean {
  const host = headers.get("host")?.toLowerCase() ?? "";
  const origin = headers.get("origin")?.toLowerCase();
  return isOurs(host) && (origin === undefined || origin === `http://${host}` || origin === `https://${host}`);
}

/** Whether two secrets are the same, without telling by the time it takes how much of them is. */
export function isSameSecret(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let at = 0; at < one.length; at++) difference |= one.charCodeAt(at) ^ other.charCodeAt(at);
  return difference === 0;
}
