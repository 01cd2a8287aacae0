/** Tells who is on the other side of a Unix socket, by its descriptor. */
type Ask = (descriptor: number) => number | undefined;

/** getsockopt on Linux (unix(7)): the option SO_PEERCRED of SOL_SOCKET is three numbers, the pid, the user, the group. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

let ask: Promise<Ask> | undefined;

/**
 * The user of the process on the other side of a Unix socket; nothing where the system has no word for it, or its
 * library cannot be asked.
 */
export async function peerUserOf(descriptor: number, platform = process.platform): Promise<number | undefined> {
  if (platform !== "linux" && platform !== "darwin") return undefined;
  ask ??= (platform === "linux" ? askLinux() : askMacOs()).catch(() => () => undefined);
  return (await ask)(descriptor);
}

async function askLinux(): Promise<Ask> {
  const { dlopen, ptr } = await import("bun:ffi");
  const words = { getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" } } as const;
  const musl = `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;
  const { symbols: { getsockopt } } = (() => {
    try {
      return dlopen("libc.so.6", words);
    } catch {
      return dlopen(musl, words);
    }
  })();
  return (descriptor) => {
    const credentials = new Uint32Array(3);
    const length = new Uint32Array([credentials.byteLength]);
    const failed = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, ptr(credentials), ptr(length));
    return failed === 0 ? credentials[1] : undefined;
  };
}

async function askMacOs(): Promise<Ask> {
  const { dlopen, ptr } = await import("bun:ffi");
  const words = { getpeereid: { args: ["i32", "ptr", "ptr"], returns: "i32" } } as const;
  const { symbols: { getpeereid } } = dlopen("libSystem.B.dylib", words);
  return (descriptor) => {
    const [user, group] = [new Uint32Array(1), new Uint32Array(1)];
    return getpeereid(descriptor, ptr(user), ptr(group)) === 0 ? user[0] : undefined;
  };
}
