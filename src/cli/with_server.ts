import { nameOf } from "../app/far_end.ts";
import { OwnClient } from "../app/own_client.ts";
import type { Notify } from "../platform/notice.ts";
import { watchForEnd } from "../platform/process_ends.ts";
import { openTerminalLines } from "../platform/terminal_lines.ts";
import { isAddress } from "./arguments.ts";
import type { Flags, FlagValues } from "./command.ts";
import { readName } from "./named_server.ts";
import { personAt } from "./person.ts";
import { noticePrinter } from "./print.ts";
import { safeLine } from "./safe_text.ts";
import { readServer, SERVER_FLAGS } from "./upstream_flags.ts";
import { whileWaiting } from "./waiting.ts";

/** The flags of the commands that ask a server for something. */
export const ASKING_FLAGS = {
  "json": { type: "boolean", text: "print the result as the server sent it" },
  ...SERVER_FLAGS,
  "debug": { type: "boolean", heading: "output", text: "say what happens, on standard error" },
} as const satisfies Flags;

/** What was said to such a command; the first operand is the server. */
export interface SaidOfAsking {
  readonly operands: readonly string[];
  readonly flags: FlagValues<typeof ASKING_FLAGS>;
  readonly words: readonly string[];
}

/** A server that a person asks for something. */
export interface AskedServer {
  readonly client: OwnClient;
  /** The word that the person knows it by, and the one for a command line. */
  readonly name: string;
  readonly word: string;
  /** See `PersonAtTerminal`. */
  visit(pages: readonly Readonly<Record<string, unknown>>[]): Promise<boolean>;
}

/**
 * Opens a session with a server, asks it something, shows what came, and ends the session; settles with the exit code
 * of `show`, or with that of a signal, which cancels what is under way. With `listensFirst` the server can ask back on a
 * stream of its own from the first request on.
 *
 * @throws {BridgeError} what is wrong with the words, and what the server or the way to it says
 */
export async function withServer<Answer>(
  { operands: [word], flags, words }: SaidOfAsking,
  ask: (server: AskedServer) => Promise<Answer>,
  show: (answer: Answer) => Promise<number>,
  listensFirst = false,
): Promise<number> {
  const notify = withoutRepeats(noticePrinter(flags.debug ? "debug" : "info"));
  const named = isAddress(word!) ? undefined : await readName(word!, { flags, words }, process.env);
  const { settings } = await readServer({ operands: [word!], program: [], flags, words }, named, notify);
  const name = named?.entry.slug ?? nameOf(settings.server);
  const signalled = Promise.withResolvers<number>();
  watchForEnd(({ exitCode }) => signalled.resolve(exitCode), { outlivesParent: true });
  using terminal = await openTerminalLines();
  return await whileWaiting(`asking ${safeLine(name)}`, async (waiting) => {
    const person = personAt(terminal, name, waiting);
    const client = new OwnClient({ settings: { ...settings, listensFirst }, person, notify });
    const asked = (async () => {
      await client.initialize();
      const answer = await ask({ client, name, word: word!, visit: (pages) => person.visit(pages) });
      waiting.hide();
      return await show(answer);
    })();
    try {
      return await Promise.race([
        asked,
        signalled.promise.then((exitCode) => {
          asked.catch(() => {});
          client.cancel();
          return exitCode;
        }),
      ]);
    } finally {
      await client.close();
    }
  });
}

/** What is said again and again while a server is tried is said once. */
function withoutRepeats(print: Notify): Notify {
  let last = "";
  return (notice) => {
    if (notice.text !== last) print(notice);
    last = notice.text;
  };
}
