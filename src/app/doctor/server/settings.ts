import type { ProgramEntry, ServerEntry } from "../../../registry/entry.ts";
import { isReference } from "../../../registry/references.ts";
import { type Check, type Finding, ok } from "../check.ts";

/** Whether what an entry refers to is to be had. */
export const serverSettings: Check = {
  code: "server-settings",
  title: "settings of the server",
  after: [],
  explains: {
    missing_reference: {
      result: "fail",
      cause: "the entry refers to a variable or to a secret of the keychain that is not to be had",
      cure: "set the variable where the client is started, or unlock the keychain",
    },
    unreadable_file: {
      result: "fail",
      cause: "a file with certificates that the entry names cannot be read, or is no PEM file",
      cure: 'see that the files of "tls" in the entry are there, and begin with "-----BEGIN"',
    },
    bad_header: {
      result: "fail",
      cause: "the value of a header holds a character that HTTP does not allow",
      cure: "look for line breaks and for letters beyond Latin-1 in the value",
    },
  },
  async run({ target }): Promise<Finding> {
    await Promise.resolve();
    const { unresolved, entry, settings } = target!;
    if (unresolved !== undefined) throw unresolved;
    const isRemote = settings.server instanceof URL;
    const given = isRemote ? settings.headers : programOf(entry)?.env ?? {};
    const written = isRemote ? entry?.headers ?? {} : given;
    const count = Object.keys(given).length;
    const references = Object.values(written).filter(isReference).length;
    return ok(countOf(count, isRemote ? "header" : "variable", references), { given: count, references });
  },
};

function programOf(entry: ServerEntry | undefined): ProgramEntry | undefined {
  return entry === undefined || entry.server instanceof URL ? undefined : entry.server;
}

function countOf(count: number, what: string, referring: number): string {
  if (count === 0) return `no ${what}s are given`;
  const many = count === 1 ? `1 ${what} is given` : `${count} ${what}s are given`;
  return referring === 0 ? many : `${many}, ${referring} by reference, which is to be had`;
}
