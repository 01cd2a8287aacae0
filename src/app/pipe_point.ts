import { listenLocally, type LocalListener } from "../platform/local_socket.ts";
import { foldersOf, type Surroundings } from "../platform/paths.ts";
import { readPrivateFile, replacePrivateFile } from "../platform/private_files.ts";
import { userSid } from "../platform/windows_access.ts";
import { isProvenBy, proveToServe } from "../transport/attach_proof.ts";
import { isAlive, type MeetingPoint } from "./meeting_point.ts";
import type { OnSocket } from "./open_meeting_point.ts";

/** What depends on the machine; a test brings its own. */
export interface PipeMachine {
  sid(): Promise<string>;
  listen: typeof listenLocally;
  isAlive: typeof isAlive;
}

const thisMachine: PipeMachine = { sid: () => userSid(), listen: listenLocally, isAlive };

/** What `serve` leaves for the others in a file that only the user may read. */
interface Pipe {
  readonly pipe: string;
  readonly token: string;
}

/**
 * Where a `serve` of this user listens on Windows. Anybody may make a pipe of any name there, so that both sides show
 * that they could read the file which names it.
 *
 * @throws {BridgeError} `unsafe_file`
 */
export async function findPipe(surroundings: Surroundings): Promise<MeetingPoint | undefined> {
  const found = await readPipe(surroundings);
  return found && {
    address: found.pipe,
    prove: (socket, preface) => proveToServe(found.token, socket, preface),
  };
}

/**
 * Listens at a pipe whose name holds the user's number; nothing where another `serve` does that already.
 *
 * @throws {BridgeError} `unsafe_file`
 * @throws the system's own error where it does not let us listen.
 */
export async function openPipe(
  surroundings: Surroundings,
  onsocket: OnSocket,
  machine: PipeMachine = thisMachine,
): Promise<LocalListener | undefined> {
  const before = await readPipe(surroundings);
  if (before !== undefined && await machine.isAlive(before.pipe)) return undefined;
  const pipe = `\\\\.\\pipe\\mcp-bridge-${await machine.sid()}-${random(8)}`;
  const token = random(32);
  const listener = machine.listen(pipe, (socket) => onsocket(socket, (preface) => isProvenBy(token, socket, preface)));
  await replacePrivateFile(fileOf(surroundings), new TextEncoder().encode(JSON.stringify({ pipe, token })));
  return listener;
}

async function readPipe(surroundings: Surroundings): Promise<Pipe | undefined> {
  const bytes = await readPrivateFile(fileOf(surroundings));
  if (bytes === undefined) return undefined;
  try {
    const { pipe, token } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof pipe === "string" && typeof token === "string") return { pipe, token };
  } catch {
    // As if it were not there: whoever wrote it writes it anew.
  }
  return undefined;
}

function fileOf(surroundings: Surroundings): string {
  return `${foldersOf(surroundings).state}${surroundings.platform === "win32" ? "\\" : "/"}serve.json`;
}

function random(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url");
}
