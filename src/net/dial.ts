import type { Socket } from "node:net";
import type { TlsSettings } from "./tls.ts";

/** Whether an address accepts a connection: after how many ms, or why not. */
export interface Dialled {
  readonly address: string;
  readonly port: number;
  /** Such as `ECONNREFUSED`; `TIMEOUT` where nothing came of it in time. */
  readonly failure: string | undefined;
  readonly ms: number;
}

/** Looks whether an address accepts a connection, which ends at once. */
export type Dial = (address: string, port: number) => Promise<Dialled>;

/** As `Dial`, for at most `patience` ms. Never throws: a refusal is an answer. */
export async function dial(address: string, port: number, patience: number): Promise<Dialled> {
  const since = performance.now();
  const opened = await openSocketTo(address, port, patience);
  const failure = typeof opened === "string" ? opened : undefined;
  if (typeof opened !== "string") opened.destroy();
  const ms = performance.now() - since;
  return { address, port, failure: failure === "ECONNREFUSED" ? await whyNot(address, port) : failure, ms };
}

/** The runtime's sockets call each failure a refusal; its fetch, which gets no further, tells them apart. */
async function whyNot(address: string, port: number): Promise<string> {
  const host = address.includes(":") ? `[${address}]` : address;
  // Only this value keeps the environment's proxy out of it.
  const options = { method: "HEAD", proxy: false, signal: AbortSignal.timeout(1_000) };
  try {
    await fetch(`http://${host}:${port}/`, options as unknown as BunFetchRequestInit);
  } catch (thrown) {
    const code = String((thrown as NodeJS.ErrnoException).code ?? "");
    if (code.endsWith("UNREACH") || code.endsWith("DOWN")) return code;
  }
  return "ECONNREFUSED";
}

/**
 * Opens a connection within `patience` ms; the runtime's code where none comes about, or `TIMEOUT`, which also stands
 * for an end that `signal` puts to it.
 */
export async function openSocketTo(
  address: string,
  port: number,
  patience: number,
  signal?: AbortSignal,
): Promise<Socket | string> {
  const { connect } = await import("node:net");
  const socket = connect(port, address);
  const { promise, give } = outcomeOf(socket, patience, signal);
  socket.once("connect", () => give(socket));
  socket.once("error", (error: NodeJS.ErrnoException) => give(error.code ?? "unknown"));
  return promise;
}

/**
 * Makes TLS of a connection, with who has shown to be `hostname`, within `patience` ms; the runtime's code where that
 * does not come about, or `TIMEOUT`, as `openSocketTo`.
 */
export async function secureSocket(
  socket: Socket,
  hostname: string,
  { rejectUnauthorized, ...files }: TlsSettings,
  patience: number,
  signal?: AbortSignal,
): Promise<Socket | string> {
  const [{ connect }, { isIP }] = await Promise.all([import("node:tls"), import("node:net")]);
  const name = isIP(hostname) > 0 ? {} : { servername: hostname };
  const secured = connect({ ...files, ...name, socket, host: hostname, rejectUnauthorized });
  const { promise, give } = outcomeOf(secured, patience, signal);
  secured.once("secureConnect", () => give(secured));
  secured.on("error", (error: NodeJS.ErrnoException) => give(error.code ?? "unknown"));
  secured.once("close", () => give("ECONNRESET"));
  return promise;
}

/** What becomes of a socket, which is ended where that is no connection. */
function outcomeOf(
  socket: Socket,
  patience: number,
  signal: AbortSignal | undefined,
): { promise: Promise<Socket | string>; give(outcome: Socket | string): void } {
  const { promise, resolve } = Promise.withResolvers<Socket | string>();
  const late = (): void => give("TIMEOUT");
  const timer = setTimeout(late, patience);
  function give(outcome: Socket | string): void {
    clearTimeout(timer);
    signal?.removeEventListener("abort", late);
    if (typeof outcome === "string") socket.destroy();
    resolve(outcome);
  }
  signal?.addEventListener("abort", late);
  if (signal?.aborted === true) late();
  return { promise, give };
}
