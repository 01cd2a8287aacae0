import { type ByteFlow, flowHandlers, SocketFlow } from "./socket_flow.ts";

/** One side of an open connection between two processes of this machine. */
export interface LocalSocket extends ByteFlow {
  /** The user of the other process; nothing where the system does not tell. */
  peerUser(): Promise<number | undefined>;
}

/** A listener for such connections. */
export interface LocalListener {
  /** Takes no more of them, and takes its socket away. */
  stop(): void;
}

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
      ...flowHandlers,
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
      ...flowHandlers as Omit<Bun.SocketHandler<OpenSocket | undefined>, "open">,
    },
  });
  return raw.data!;
}

class OpenSocket extends SocketFlow implements LocalSocket {
  async peerUser(): Promise<number | undefined> {
    return (await import("./peer_user.ts")).peerUserOf(this.fd);
  }
}
