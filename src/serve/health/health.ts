import type { HealthOptions, ServerHealth } from "./health_state.ts";
import { ServerWatch } from "./server_watch.ts";
import type { CallRecord } from "../watched.ts";

/** More servers and accounts are not kept; accounts are named by clients. */
const MOST_SERVERS = 1_000;

/** How all servers stand that somebody has asked for. It follows from the calls that pass, and from requests of ours. */
export class Health {
  readonly #options: HealthOptions;
  readonly #servers = new Map<string, ServerWatch>();

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** How a server and account stand; nothing where nobody has asked for it. */
  of(server: string, account: string): ServerHealth | undefined {
    return this.#servers.get(keyOf(server, account))?.health;
  }

  /** All of them. */
  get all(): readonly ServerHealth[] {
    return [...this.#servers.values()].map(({ health }) => health);
  }

  /** A call has ended. */
  record(call: CallRecord): void {
    this.#at(call.server, call.account).called(call);
  }

  /** Why a server waits for a person, or that it does not any more. */
  held(server: string, account: string, cause: { readonly message: string } | undefined): void {
    this.#at(server, account).held(cause?.message);
  }

  /** Somebody has signed in. */
  signedIn(server: string, account: string): void {
    this.#at(server, account).signedIn();
  }

  /** A sign-in has come to nothing, for this reason. */
  notSignedIn(server: string, account: string, { message }: { readonly message: string }): void {
    this.#at(server, account).notSignedIn(message);
  }

  /** Forgets the servers that `isThere` denies. */
  prune(isThere: (server: string, account: string) => boolean): void {
    for (const [key, watch] of this.#servers) {
      const { server, account } = watch.health;
      if (!isThere(server, account)) this.#forget(key, watch);
    }
  }

  /** Looks no more. */
  close(): void {
    for (const watch of this.#servers.values()) watch.stop();
  }

  #at(server: string, account: string): ServerWatch {
    const key = keyOf(server, account);
    let watch = this.#servers.get(key);
    if (watch === undefined) {
      const oldest = this.#servers.size < MOST_SERVERS ? undefined : this.#servers.entries().next().value;
      if (oldest !== undefined) this.#forget(...oldest);
      watch = new ServerWatch(server, account, this.#options);
      this.#servers.set(key, watch);
    }
    return watch;
  }

  #forget(key: string, watch: ServerWatch): void {
    watch.stop();
    this.#servers.delete(key);
  }
}

function keyOf(server: string, account: string): string {
  return `${server}@${account}`;
}
