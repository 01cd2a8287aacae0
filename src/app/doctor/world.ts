import type { Clock } from "../../platform/clock.ts";
import type { Notify } from "../../platform/notice.ts";
import type { Environment } from "../../registry/references.ts";
import type { ServerEntry } from "../../registry/entry.ts";
import type { Vault } from "../../vault/vault.ts";
import type { StateSettings } from "../state.ts";
import type { UpstreamSettings } from "../upstream.ts";
import type { Doors } from "./doors.ts";

/** What checks see of the world; a test brings its own. */
export interface World {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  /** The user's home folder; nothing where the environment names none. */
  readonly home: string | undefined;
  /** The user's number; nothing where the system counts none. */
  readonly uid: number | undefined;
  /** The path of the program that runs. */
  readonly executable: string;
  readonly clock: Clock;
  readonly notify: Notify;
  /** Aborted when the check has taken too long, or the person gives up. */
  readonly signal: AbortSignal;
  /** Where our files are, and what opens the vault. */
  readonly state: StateSettings;
  /**
   * The user's vault, which a look does not change: one that is damaged stays where it is.
   *
   * @throws {BridgeError} `no_home`
   */
  vault(): Vault;
  /** The server that is looked at; nothing where this machine alone is. */
  readonly target: Target | undefined;
  /** Whether a token may be renewed to see that it can be. */
  readonly refresh: boolean;
  /** The ways to whatever is not a file of ours. */
  readonly doors: Doors;
  /** What `make` gives, made by the first that asks under this name: checks of one server share what was found. */
  once<T>(name: string, make: () => Promise<T>): Promise<T>;
}

/** A server that is looked at. */
export interface Target {
  /** Its name in servers.json; nothing where it was said as an address. */
  readonly name: string | undefined;
  readonly entry: ServerEntry | undefined;
  /**
   * How it is spoken to, as `connect` would. Where what the entry refers to is not to be had, its headers, the
   * environment of its program and its client secret are left out.
   */
  readonly settings: UpstreamSettings;
  /** Why something that the entry refers to is not to be had: `missing_reference`, `bad_header`, `unreadable_file`. */
  readonly unresolved: unknown;
}

/** A keeper of what was found, for `World.once`. */
export function remember(): World["once"] {
  const made = new Map<string, Promise<unknown>>();
  return <T>(name: string, make: () => Promise<T>): Promise<T> => {
    const known = made.get(name) ?? make();
    made.set(name, known);
    return known as Promise<T>;
  };
}
