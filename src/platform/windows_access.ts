import { environmentForPrograms } from "./child.ts";
import { BridgeError } from "./errors.ts";
import { windowsProgram } from "./paths.ts";

/** Runs a program, without a shell, and gives what it printed. */
export type Run = (argv: readonly string[]) => Promise<{ ok: boolean; output: string }>;

/** By their numbers, since their names are translated. */
const SYSTEM = "S-1-5-18";
const ADMINISTRATORS = "S-1-5-32-544";

/**
 * Leaves a folder on Windows, and what will be made in it, to the user, the system and its administrators, whatever it
 * inherits from above.
 *
 * @throws {BridgeError} `unsafe_file` where Windows refuses.
 */
export async function restrictToUser(folder: string, run: Run = runHere): Promise<void> {
  const sid = await findSid(run);
  if (sid === undefined) throw refused(folder, "whoami");
  const grants = [sid, SYSTEM, ADMINISTRATORS].map((who) => `*${who}:(OI)(CI)F`);
  const { ok } = await run([windowsProgram("icacls.exe"), folder, "/inheritance:r", "/grant:r", ...grants, "/q"]);
  if (!ok) throw refused(folder, "icacls");
}

/**
 * The user's number on Windows.
 *
 * @throws {BridgeError} `internal` where Windows does not tell.
 */
export async function userSid(run: Run = runHere): Promise<string> {
  const sid = await findSid(run);
  if (sid === undefined) throw new BridgeError("internal", "Windows does not tell who the user is (whoami)");
  return sid;
}

async function findSid(run: Run): Promise<string | undefined> {
  const user = await run([windowsProgram("whoami.exe"), "/user", "/fo", "csv", "/nh"]);
  return user.ok ? /"(S-1-[0-9-]+)"/.exec(user.output)?.[1] : undefined;
}

async function runHere(argv: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const env = environmentForPrograms(process.env);
  const child = Bun.spawn([...argv], { env, stdin: "ignore", stdout: "pipe", stderr: "ignore", windowsHide: true });
  const [output, exitCode] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { ok: exitCode === 0, output };
}

function refused(folder: string, program: string): BridgeError {
  return new BridgeError("unsafe_file", `${JSON.stringify(folder)} cannot be closed to other users (${program})`, {
    hint: "set MCP_BRIDGE_HOME to a folder of your own on an NTFS disk",
  });
}
