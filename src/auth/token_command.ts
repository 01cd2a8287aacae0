import { BridgeError, quoted } from "../platform/errors.ts";
import type { Clock } from "../platform/clock.ts";
import type { Credentials, Refusal, Remedy } from "./with_auth.ts";

/** What a token from a program needs. */
export interface TokenCommandOptions {
  /** The program and its arguments; no shell looks at them. */
  readonly command: readonly string[];
  /** How long what it prints may be used, in ms. */
  readonly lifetime: number;
  /** Our environment, of which the program gets what is not meant for us alone. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

const LONGEST_RUN_MS = 30_000;
const TOKEN = /^[\x21-\x7e]+$/;

/** A token that another program prints, `gcloud auth print-access-token` say: asked for again when it has ended. */
export class TokenCommand implements Credentials {
  readonly prover = undefined;
  readonly #options: TokenCommandOptions;
  #token: { readonly text: string; readonly until: number } | undefined;
  #running: Promise<string> | undefined;

  constructor(options: TokenCommandOptions) {
    this.#options = options;
  }

  current(): Promise<string> | string {
    if (this.#token !== undefined && this.#options.clock.now() < this.#token.until) return this.#token.text;
    return this.#ask();
  }

  async better({ used, tried }: Refusal): Promise<{ token: string; by: Remedy }> {
    const token = tried.has("refresh") || used !== this.#token?.text ? await this.current() : await this.#ask();
    if (token !== used) return { token, by: "refresh" };
    throw new BridgeError("sign_in_required", "the server refuses the token that the program prints (401)", {
      hint: 'see that "--token-command" prints a token for this server',
    });
  }

  #ask(): Promise<string> {
    return this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  async #run(): Promise<string> {
    const { command, lifetime, env, clock } = this.#options;
    const text = await output(command, env);
    if (!TOKEN.test(text)) {
      throw new BridgeError("bad_token_answer", `what ${quoted(command[0]!)} prints is no token`, {
        hint: '"--token-command" must print the token and nothing else',
      });
    }
    this.#token = { text, until: clock.now() + lifetime };
    return text;
  }
}

async function output(command: readonly string[], env: TokenCommandOptions["env"]): Promise<string> {
  const { environmentForPrograms } = await import("../platform/child.ts");
  const name = quoted(command[0]!);
  try {
    const program = Bun.spawn([...command], {
      env: environmentForPrograms(env),
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      timeout: LONGEST_RUN_MS,
    });
    const text = await program.stdout.text();
    const code = await program.exited;
    if (code === 0) return text.trim();
    throw new BridgeError("bad_command", `${name} gave no token (exit code ${code})`, {
      hint: 'run the words of "--token-command" in a terminal to see why',
    });
  } catch (thrown) {
    if (thrown instanceof BridgeError) throw thrown;
    const code = (thrown as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("bad_command", `${name} cannot be started (${code})`, {
      hint: 'give "--token-command" the whole path of a program',
      cause: thrown,
    });
  }
}
