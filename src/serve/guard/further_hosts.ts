const OF_NUMBERS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d+)?$/;

/** Where requests may come beside the address that is listened on. */
export interface FurtherHosts {
  /** Hosts that a person allows, in lower case; without a port they may come with ours, or with none. */
  readonly allowed: readonly string[];
  readonly port: () => number;
  /** Whether every address of this machine is listened on. */
  readonly isEverywhere: boolean;
}

/**
 * Whether a `Host` is one under which we may be asked beside our own. A name is taken where a person allows it; an
 * address of numbers where all are listened on, since a page of somebody else can give itself names, but no such address.
 */
export function isFurtherHost(host: string, { allowed, port, isEverywhere }: FurtherHosts): boolean {
  if (isEverywhere && OF_NUMBERS.test(host)) return true;
  return allowed.includes(host) || allowed.some((name) => host === `${name}:${port()}`);
}
