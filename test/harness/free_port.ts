/** A port for a server that can only be told a number. */
import { createServer } from "node:net";

/** Asks the system for a port that nobody holds. Someone may take it before it is used: be ready to ask again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  await new Promise<void>((done) => server.close(() => done()));
  if (address === null || typeof address === "string") {
    throw new Error("Cannot learn the port of a listening server");
  }
  return address.port;
}
