/** A port that nobody listens at any more, though it is open. */
import { connect, type Socket } from "node:net";

/** A port of which the queue is full: connections to it hang, as they do behind a firewall that drops packets. */
export async function deafPort(): Promise<{ port: number } & AsyncDisposable> {
  const child = Bun.spawn([
    process.execPath,
    "-e",
    'require("node:net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })',
  ], { stdout: "pipe" });
  const reader = child.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  child.kill("SIGSTOP");
  const sockets: Socket[] = [];
  for (let hangs = false; !hangs;) {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    const timer = Promise.withResolvers<boolean>();
    const late = setTimeout(() => timer.resolve(true), 300);
    socket.once("connect", () => timer.resolve(false));
    hangs = await timer.promise;
    clearTimeout(late);
  }
  return {
    port,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
