import { collect, type HttpBody, tooLarge } from "./body.ts";
import type { Lease } from "../platform/budget.ts";
import type { Connection, Engine } from "./gate.ts";
import { networkError } from "./network_error.ts";

type TLSOptions = NonNullable<BunFetchRequestInit["tls"]>;

/** A body of a stated length up to this many bytes is read in one go. */
const ONE_GO_BYTES = 1_048_576;

/** Carries a request out by Bun's fetch, the quickest way there is. */
export const fetchEngine: Engine = async (request, connection) => {
  const options: Omit<BunFetchRequestInit, "proxy"> & { timeout: false; proxy?: false } = {
    method: request.method,
    headers: request.headers,
    body: request.body as Uint8Array<ArrayBuffer> | undefined,
    redirect: "manual",
    signal: connection.signal,
    // Unpacking is done behind the gate, at the reader's pace.
    decompress: false,
    // Bun ends silent streams after 360 s otherwise; what is too silent is judged in bridge/pending.
    timeout: false,
  };
  // Each of these costs time, so none is said where it goes without saying.
  if (!connection.pooled) options.keepalive = false;
  // Only this value overrides the environment: an empty text or null leaves its proxy in force.
  if (connection.direct) options.proxy = false;
  // The environment may not switch the check off behind our back, nor that of a proxy which speaks TLS itself.
  if (request.url.protocol === "https:" || connection.proxied) options.tls = connection.tls as TLSOptions;
  const response = await fetch(request.url.href, options as BunFetchRequestInit);
  return { status: response.status, headers: response.headers, body: new FetchBody(request.url, response, connection) };
};

class FetchBody implements HttpBody {
  readonly #url: URL;
  readonly #response: Response;
  readonly #connection: Connection;
  #reader: { cancel(): Promise<void> } | undefined;

  constructor(url: URL, response: Response, connection: Connection) {
    this.#url = url;
    this.#response = response;
    this.#connection = connection;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const reader = this.#response.body?.getReader();
    this.#reader = reader;
    let done = reader === undefined;
    let isBroken = false;
    try {
      while (reader !== undefined) {
        const next = await reader.read();
        if (next.done) break;
        yield next.value;
      }
      done = true;
    } catch (thrown) {
      done = isBroken = true;
      throw networkError(this.#url, thrown, { answered: true });
    } finally {
      if (!done) reader?.cancel().catch(() => {});
      this.#connection.release(isBroken || !done);
    }
  }

  async bytes(limit: number, onchunk?: () => void, lease?: Lease): Promise<Uint8Array> {
    const { headers } = this.#response;
    // A body in chunks has another length than the one that may be stated.
    const stated = headers.has("transfer-encoding") ? NaN : Number(headers.get("content-length") ?? NaN);
    if (stated > limit) {
      this.discard();
      throw tooLarge(limit);
    }
    if (!(stated <= ONE_GO_BYTES)) return collect(this.chunks(), limit, this.#connection.budget, onchunk, lease);
    try {
      return new Uint8Array(await this.#response.arrayBuffer());
    } catch (thrown) {
      this.#connection.release(true);
      throw networkError(this.#url, thrown, { answered: true });
    } finally {
      this.#connection.release(false, stated);
    }
  }

  discard(): void {
    // A body that is being read is locked: only its reader can give it up.
    (this.#reader ?? this.#response.body)?.cancel().catch(() => {});
    this.#connection.release(this.#reader !== undefined);
  }
}
