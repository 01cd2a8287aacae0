import type { Socket } from "node:net";
import { BridgeError } from "./errors.ts";
import type { ByteFlow } from "./socket_flow.ts";

/** A socket of `node:net` or `node:tls` as a flow of bytes; what is written must stay as it is until it is sent. */
export class NodeFlow implements ByteFlow {
  readonly input: AsyncIterableIterator<Uint8Array>;
  readonly #socket: Socket;
  #draining: Promise<number> | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    // What goes wrong ends the input, and is told there.
    socket.on("error", () => {});
    this.input = socket[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): number | Promise<number> {
    if (!this.isOpen) throw gone();
    return this.#socket.write(bytes) ? bytes.length : this.#drained();
  }

  flush(): number | Promise<number> {
    return this.#socket.writableNeedDrain ? this.#drained() : 0;
  }

  /** Has bytes that were taken from the input come from there again. */
  giveBack(parts: readonly Uint8Array[]): void {
    if (parts.length > 0) this.#socket.unshift(Buffer.concat(parts));
  }

  end(): void {
    if (this.unsent > 0 || !this.isOpen) this.#socket.destroy();
    else this.#socket.end(() => this.#socket.destroy());
  }

  /** One promise for all who wait: a listener for each would be too many. */
  #drained(): Promise<number> {
    return this.#draining ??= new Promise<number>((resolve, reject) => {
      const socket = this.#socket;
      function drained(): void {
        socket.off("close", closed);
        resolve(0);
      }
      function closed(): void {
        socket.off("drain", drained);
        reject(gone());
      }
      socket.once("drain", drained);
      socket.once("close", closed);
    }).finally(() => this.#draining = undefined);
  }
}

function gone(): BridgeError {
  return new BridgeError("closing", "the server has ended the connection");
}
