import type { Environment } from "../../registry/references.ts";
import type { Keychain } from "../../platform/keychain.ts";
import { type NetworkDoors, systemNetwork } from "./server/network_doors.ts";
import { networkDriveOf } from "../../platform/network_drive.ts";
import { type PortHolder, portHolder } from "../../platform/port_holder.ts";

/** The ways to whatever is not a file of ours; a test brings its own. */
export interface Doors {
  readonly keychain: Keychain;
  /** What is free on the disk of a folder, in bytes; nothing where the system does not say. */
  freeBytes(folder: string): Promise<number | undefined>;
  /** The kind of network drive that a folder is on; nothing where it is on a disk of this machine, as far as one knows. */
  networkDrive(folder: string): Promise<string | undefined>;
  /** Listens at a port of this machine for a moment; the system's code where it does not let us. */
  tryPort(address: string, port: number): Promise<string | undefined>;
  /** Who listens at a port, where the system tells. */
  portHolder(port: number): Promise<PortHolder | undefined>;
  /** The path of the program that a name stands for in `PATH`; nothing where there is none. */
  which(name: string, path: string | undefined): string | undefined;
  readonly network: NetworkDoors;
}

/** The ways of this machine. */
export function systemDoors(keychain: Keychain, env: Environment): Doors {
  return {
    keychain,
    freeBytes,
    networkDrive: networkDriveOf,
    tryPort: atOnce(tryPort),
    portHolder: atOnce(portHolder),
    which,
    network: systemNetwork(env),
  };
}

/** Whoever asks the same while it is found out gets the same answer: several of ours at a port would find each other. */
function atOnce<Asked extends readonly unknown[], Found>(
  find: (...asked: Asked) => Promise<Found>,
): (...asked: Asked) => Promise<Found> {
  const running = new Map<string, Promise<Found>>();
  return (...asked) => {
    const key = asked.join(" ");
    const found = running.get(key) ?? find(...asked).finally(() => running.delete(key));
    running.set(key, found);
    return found;
  };
}

async function freeBytes(folder: string): Promise<number | undefined> {
  const { statfs } = await import("node:fs/promises");
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

async function tryPort(address: string, port: number): Promise<string | undefined> {
  const { createServer } = await import("node:net");
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "unknown"));
  server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  return await promise;
}

function which(name: string, path: string | undefined): string | undefined {
  return Bun.which(name, path === undefined ? {} : { PATH: path }) ?? undefined;
}
