import type { Client, UserEnvironment } from "./client.ts";
import { CLIENTS } from "./table.ts";
import { below } from "./places.ts";

/** A client as it stands on this machine. */
export interface FoundClient {
  readonly client: Client;
  /** The file that counts, or that would be made. */
  readonly file: string;
  readonly hasFile: boolean;
  readonly isInstalled: boolean;
  /** Where the client was looked for, to be said as it is: paths, and programs in `PATH`. */
  readonly lookedAt: readonly string[];
}

/** Whether something stands at a path. */
export type Exists = (path: string) => boolean;

/** Looks for a client and its file. */
export async function findClient(client: Client, user: UserEnvironment, exists?: Exists): Promise<FoundClient> {
  const isThere = exists ?? (await import("node:fs")).existsSync;
  const { files, signs, programs } = client.places(user);
  const existing = files.find(isThere);
  const file = existing ?? files.findLast((path) => isThere(folderOf(path))) ?? files.at(-1)!;
  const isInstalled = existing !== undefined || signs.some(isThere) ||
    programs.some((program) => isInPath(program, user, isThere));
  const lookedAt = [...new Set([...files, ...signs]), ...programs.map((program) => `"${program}" in PATH`)];
  return { client, file, hasFile: existing !== undefined, isInstalled, lookedAt };
}

/** Looks for all clients, in the order of the table. */
export async function findClients(user: UserEnvironment, exists?: Exists): Promise<FoundClient[]> {
  return await Promise.all(CLIENTS.map(async (client) => await findClient(client, user, exists)));
}

function isInPath(program: string, user: UserEnvironment, exists: Exists): boolean {
  const isWindows = user.platform === "win32";
  const folders = (user.env.PATH ?? user.env.Path ?? "").split(isWindows ? ";" : ":");
  const names = isWindows ? [`${program}.exe`, `${program}.cmd`] : [program];
  return folders.some((folder) => folder !== "" && names.some((name) => exists(below(user, folder, name))));
}

function folderOf(file: string): string {
  return file.slice(0, Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")));
}
