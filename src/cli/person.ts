import type { Person, Progress } from "../app/own_client.ts";
import { systemBrowser } from "../platform/browser.ts";
import type { TerminalLines } from "../platform/terminal_lines.ts";
import { elicit, type Elicited } from "./elicitation.ts";
import { safeLine } from "./safe_text.ts";
import type { Waiting } from "./waiting.ts";

/** A person who can be sent to pages before a request goes on. */
export interface PersonAtTerminal extends Person {
  /** Asks the person to open pages, and waits until they have been there; false where one of them was not wanted. */
  visit(pages: readonly Readonly<Record<string, unknown>>[]): Promise<boolean>;
}

/** The person at a terminal, as a server may turn to them; where there is no terminal nobody can be asked. */
export function personAt(terminal: TerminalLines | undefined, server: string, waiting: Waiting): PersonAtTerminal {
  const browser = systemBrowser({ platform: process.platform, env: process.env });
  // One question after another: a server may ask several at a time.
  let last: Promise<unknown> = Promise.resolve();
  /** Pages that the person was sent to, by the server's names for that. */
  const visits = new Map<string, AbortController>();
  async function ask(params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Elicited> {
    if (terminal === undefined) return { action: "cancel" };
    const show = waiting.hide();
    try {
      return await elicit(params, { terminal, server, signal, openPage: (url) => browser.open(url) });
    } finally {
      show();
    }
  }
  function elicitNext(params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Elicited> {
    const next = last.then(() => ask(params, signal));
    last = next.catch(() => {});
    return next;
  }
  return {
    elicitation: terminal === undefined ? undefined : { form: {}, url: {} },
    elicit: elicitNext,
    elicited: (id) => visits.get(id)?.abort(),
    async visit(pages): Promise<boolean> {
      for (const page of pages) {
        const visit = new AbortController();
        visits.set(String(page["elicitationId"]), visit);
        const { action } = await elicitNext({ ...page, mode: "url" }, new AbortController().signal);
        if (action !== "accept") return false;
        const show = waiting.hide();
        await terminal?.ask("press Enter once you are done there: ", visit.signal);
        show();
      }
      return pages.length > 0;
    },
    onprogress: (progress) => waiting.say(progressWords(server, progress)),
    onheld: (cause) => waiting.say(cause === undefined ? `asking ${server}` : `waiting for the sign-in to ${server}`),
  };
}

/** How far a request is, on one line. */
function progressWords(server: string, { progress, total, message }: Progress): string {
  const part = total === undefined || total <= 0
    ? String(progress)
    : `${Math.min(100, Math.max(0, Math.floor((progress / total) * 100)))} %`;
  return [`${safeLine(server)}: ${part}`, ...(message === undefined ? [] : [safeLine(message, 200)])].join(", ");
}
