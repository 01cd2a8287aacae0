import { BridgeError } from "./errors.ts";

/** One side of an open connection between two processes of this machine. */
export interface LocalSocket {
  /** Whether neither side has ended it yet. */
  readonly isOpen: boolean;
  /** What the other side sends; reading is paused while nobody takes it. Ends when the connection does. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Hands bytes over, which may be used again at once; a promise comes back while the other side is behind. */
  write(bytes: Uint8Array): number | Promise<number>;
  flush(): number | Promise<number>;
  /** Ends it; what the system has not taken yet is dropped. */
  end(): void;
  /** The user of the other process; nothing where the system does not tell. */
  peerUser(): Promise<number | undefined>;
}

/** A listener for such connections. */
export interface LocalListener {
  /** Takes no more of them, and takes its socket away. */
  stop(): void;
}

/** How much may lie unread on our side before the other one has to wait, in bytes. */
const MOST_UNREAD = 262_144;

/**
 * Listens at the path of a Unix socket, or the name of a named pipe.
 *
 * @throws the system's own error; `EADDRINUSE` where something stands there already.
 */
export function listenLocally(address: string, onsocket: (socket: LocalSocket) => void): LocalListener {
  const listener = Bun.listen<OpenSocket>({
    unix: address,
    socket: {
      open(raw): void {
        raw.data = new OpenSocket(raw);
        onsocket(raw.data);
      },
      ...handlers,
    },
  });
  return { stop: () => listener.stop() };
}

/**
 * Connects to such a listener.
 *
 * @throws the system's own error; `ENOENT` or `ECONNREFUSED` where nobody listens.
 */
export async function connectLocally(address: string): Promise<LocalSocket> {
  const raw = await Bun.connect<OpenSocket | undefined>({
    unix: address,
    data: undefined,
    socket: {
      open(raw): void {
        raw.data = new OpenSocket(raw as Bun.Socket<OpenSocket>);
      },
      ...handlers as Omit<Bun.SocketHandler<OpenSocket | undefined>, "open">,
    },
  });
  return raw.data!;
}

const handlers: Omit<Bun.SocketHandler<OpenSocket>, "open"> = {
  data: ({ data }, chunk) => data.take(chunk),
  drain: ({ data }) => data.drain(),
  close: ({ data }) => data.close(),
  error: ({ data }) => data.close(),
};

class OpenSocket implements LocalSocket {
  readonly #raw: Bun.Socket<OpenSocket>;
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #isPaused = false;
  #wake: (() => void) | undefined;
  #unsent: Uint8Array[] = [];
  #drained: PromiseWithResolvers<number> | undefined;
  #isClosed = false;

  constructor(raw: Bun.Socket<OpenSocket>) {
    this.#raw = raw;
  }

  readonly input: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => this.#chunks() };

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  write(bytes: Uint8Array): number | Promise<number> {
    if (this.#isClosed) throw gone();
    if (this.#unsent.length === 0) {
      const sent = Math.max(this.#raw.write(bytes), 0);
      if (sent === bytes.length) return sent;
      bytes = bytes.subarray(sent);
    }
    this.#unsent.push(bytes.slice());
    this.#drained ??= Promise.withResolvers<number>();
    return this.#drained.promise;
  }

  flush(): number | Promise<number> {
    return this.#drained?.promise ?? 0;
  }

  end(): void {
    this.#raw.end();
    this.close();
  }

  async peerUser(): Promise<number | undefined> {
    const { fd } = this.#raw as unknown as { fd: number };
    return (await import("./peer_user.ts")).peerUserOf(fd);
  }

  take(chunk: Uint8Array): void {
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > MOST_UNREAD && !this.#isPaused) {
      this.#isPaused = true;
      this.#raw.pause();
    }
    this.#wake?.();
  }

  drain(): void {
    while (this.#unsent.length > 0) {
      const [next] = this.#unsent as [Uint8Array];
      const sent = Math.max(this.#raw.write(next), 0);
      if (sent < next.length) {
        this.#unsent[0] = next.subarray(sent);
        return;
      }
      this.#unsent.shift();
    }
    this.#drained?.resolve(0);
    this.#drained = undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unsent = [];
    this.#drained?.promise.catch(() => {});
    this.#drained?.reject(gone());
    this.#drained = undefined;
    this.#wake?.();
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#unread.shift();
      if (chunk !== undefined) {
        this.#unreadBytes -= chunk.length;
        yield chunk;
      } else if (this.#isClosed) return;
      else {
        if (this.#isPaused) {
          this.#isPaused = false;
          this.#raw.resume();
        }
        await new Promise<void>((resolve) => this.#wake = resolve);
        this.#wake = undefined;
      }
    }
  }
}

function gone(): BridgeError {
  return new BridgeError("closing", "the other process has ended the connection");
}
