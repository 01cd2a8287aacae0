import type { Change } from "../app/install.ts";
import { BridgeError, toBridgeError } from "../platform/errors.ts";
import { askLine } from "../platform/terminal.ts";
import type { UserEnvironment } from "../registry/clients/client.ts";
import { findClient, findClients, type FoundClient } from "../registry/clients/find.ts";
import { clientOf } from "../registry/clients/table.ts";
import { type Colours, coloursOf, terminalColours } from "./colour.ts";
import { diffOf, shownLine, shownLines } from "./diff.ts";
import { printAnswer, printError, printLine } from "./print.ts";
import type { Environment } from "./variables.ts";

/** How changes are agreed to. */
export interface Consent {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Where the files of this user's programs are. */
export async function thisUser(env: Environment): Promise<UserEnvironment> {
  const home = env[process.platform === "win32" ? "USERPROFILE" : "HOME"] || (await import("node:os")).homedir();
  return { platform: process.platform, env, home };
}

/**
 * The clients that a person means: one by its name, or nothing for all that are installed.
 *
 * @throws {BridgeError} `bad_argument`, `client_missing` with the places that were looked at
 */
export async function meantClients(word: string | undefined, user: UserEnvironment): Promise<readonly FoundClient[]> {
  if (word !== undefined) {
    const found = await findClient(await clientOf(word), user);
    if (found.isInstalled) return [found];
    throw notInstalled(found);
  }
  const installed = (await findClients(user)).filter(({ isInstalled }) => isInstalled);
  if (installed.length > 0) return installed;
  throw new BridgeError("client_missing", "none of the clients that we know is installed here", {
    hint: '"mcp-bridge install" shows which they are, and "mcp-bridge install --print" gives the text for any other',
  });
}

/** The error for a client that is not there, with the places that were looked at. */
export function notInstalled({ client, lookedAt }: FoundClient): BridgeError {
  const renamed = client.successor === undefined ? "" : `; it goes on as another client: "${client.successor}"`;
  return new BridgeError("client_missing", `${client.name} is not installed here, or was never started`, {
    hint: `looked for ${lookedAt.join(", ")}${renamed}`,
  });
}

/** What came of several things, and whether something went wrong with one of them. */
export interface Outcome<Done> {
  readonly done: readonly Done[];
  readonly hasFailed: boolean;
}

/** As `eachTold`, but what goes wrong with one thing alone is thrown. */
export async function eachOf<Thing, Done>(
  things: readonly Thing[],
  work: (thing: Thing) => Promise<Done>,
): Promise<Outcome<Done>> {
  return things.length === 1 ? { done: [await work(things[0]!)], hasFailed: false } : await eachTold(things, work);
}

/** Does something with each of several things. What goes wrong with one is said, and keeps no other from its turn. */
export async function eachTold<Thing, Done>(
  things: readonly Thing[],
  work: (thing: Thing) => Promise<Done>,
): Promise<Outcome<Done>> {
  const done: Done[] = [];
  let hasFailed = false;
  for (const thing of things) {
    try {
      done.push(await work(thing));
    } catch (thrown) {
      const error = toBridgeError(thrown);
      if (error.code === "internal") throw thrown;
      printError(error);
      hasFailed = true;
    }
  }
  return { done, hasFailed };
}

/**
 * Carries changes out if the person agrees to them; `carry` does it, and says so. Gives those that were, and the exit
 * code, in which it counts if something went wrong before.
 *
 * @throws {BridgeError} `bad_argument` where nobody can be asked, `closing` where no answer comes, and as `carry`
 */
export async function changeFiles<Planned extends Change>(
  { done: changes, hasFailed }: Outcome<Planned>,
  consent: Consent,
  env: Environment,
  carry: (change: Planned) => Promise<void>,
): Promise<{ readonly carried: readonly Planned[]; readonly exitCode: number }> {
  const failed = hasFailed ? 1 : 0;
  if (changes.length === 0) return { carried: [], exitCode: failed };
  if (!(await agree(changes, consent, env))) return { carried: [], exitCode: consent.dryRun ? failed : 1 };
  const outcome = await eachOf(changes, async (change) => {
    await carry(change);
    return change;
  });
  return { carried: outcome.done, exitCode: outcome.hasFailed ? 1 : failed };
}

/**
 * Shows what would change, and asks the person at the terminal. True where it is to be done.
 *
 * @throws {BridgeError} `bad_argument` where nobody can be asked, `closing` where no answer comes
 */
export async function agree(changes: readonly Change[], { yes, dryRun }: Consent, env: Environment): Promise<boolean> {
  if (dryRun) {
    await printAnswer(previewOf(changes, await coloursOf("stdout", env)));
    printLine("nothing was written");
    return false;
  }
  if (yes) return true;
  const [{ client }] = changes as readonly [Change];
  const files = changes.length === 1 ? `the file of ${client.name}` : `these ${changes.length} files`;
  const preview = previewOf(changes, terminalColours(env));
  const answer = await askLine(`${preview}mcp-bridge: write this to ${files}? [y/N] `);
  if (answer === undefined) {
    throw new BridgeError("bad_argument", "there is no terminal to ask at: nothing was written", {
      hint: 'add "--yes" to write it, or "--dry-run" to see it',
    });
  }
  if (/^\s*y(?:es)?\s*$/i.test(answer)) return true;
  printLine("nothing was written");
  return false;
}

function previewOf(changes: readonly Change[], { bold, faint, green, red }: Colours): string {
  const lines = changes.flatMap(({ file, before, after }) => [
    bold(`--- ${before === undefined ? "no file yet" : shownLine(file)}`),
    bold(`+++ ${after === undefined ? "no file any more" : shownLine(file)}`),
    ...diffOf(before ?? "", after ?? "").flatMap((hunk) => [
      faint(`@@ line ${hunk.line} @@`),
      ...shownLines(hunk.lines).map(({ sign, text }) => {
        const line = `${sign}${text}`;
        return sign === " " ? line : (sign === "+" ? green : red)(line);
      }),
    ]),
  ]);
  return `${lines.join("\n")}\n`;
}
