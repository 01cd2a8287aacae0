import type { FileSink, Subprocess } from "bun";
import { BridgeError } from "./errors.ts";

/** A program to start. */
export interface ChildOptions {
  /** Its name or its path; no shell looks at it, nor at the arguments. */
  readonly command: string;
  readonly args: readonly string[];
  /** Its whole environment; the command is looked for in its `PATH`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that it starts in; ours where none is named. */
  readonly cwd?: string;
}

/** A program that we started. Its streams wait while nobody reads them. */
export interface Child {
  readonly input: FileSink;
  readonly output: ReadableStream<Uint8Array>;
  readonly errors: ReadableStream<Uint8Array>;
  /** Settles when it has ended, with how it did: `exit code 1` or `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** Has it end by the end of its input, then by a signal, at the latest by force; within `deadline` ms. */
  end(deadline: number): Promise<void>;
}

/**
 * Starts a program.
 *
 * @throws {BridgeError} `bad_command` where that cannot be done.
 */
export function startChild(options: ChildOptions): Child {
  const { command, args, env, cwd } = options;
  // A group of its own, so that what it starts in turn ends with it.
  const detached = process.platform !== "win32";
  let child: Subprocess<"pipe", "pipe", "pipe">;
  try {
    child = Bun.spawn([command, ...args], {
      env,
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached,
      windowsHide: true,
    });
  } catch (cause) {
    throw cannotStart(options, cause);
  }
  function signal(name: NodeJS.Signals): void {
    try {
      if (detached) process.kill(-child.pid, name);
      else child.kill(name);
    } catch {
      // It has ended already.
    }
  }
  return {
    input: child.stdin,
    output: child.stdout,
    errors: child.stderr,
    ended: child.exited.then((code) => child.signalCode === null ? `exit code ${code}` : `signal ${child.signalCode}`),
    async end(deadline): Promise<void> {
      void Promise.resolve(child.stdin.end()).catch(() => {});
      await Promise.race([child.exited, Bun.sleep(deadline * 0.6)]);
      signal("SIGTERM");
      await Promise.race([child.exited, Bun.sleep(deadline * 0.4)]);
      signal("SIGKILL");
    },
  };
}

/** An environment of ours as programs that we start see it: without what is meant for us alone. */
export function environmentForPrograms(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("MCP_BRIDGE_")));
}

function cannotStart({ command, cwd }: ChildOptions, cause: unknown): BridgeError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
  const name = JSON.stringify(command);
  if (code === "ENOENT" && cwd !== undefined && Bun.which(command) !== null) {
    return new BridgeError("bad_command", `there is no folder ${JSON.stringify(cwd)} to start ${name} in`, {
      hint: 'make it, or change "cwd"',
      cause,
    });
  }
  if (code === "ENOENT") {
    return new BridgeError("bad_command", `there is no program ${name}`, {
      hint: "give its whole path: who starts mcp-bridge may search other folders than your terminal does",
      cause,
    });
  }
  return new BridgeError("bad_command", `the program ${name} cannot be started (${code})`, {
    hint: "see that it is a program, and that you may run it",
    cause,
  });
}
