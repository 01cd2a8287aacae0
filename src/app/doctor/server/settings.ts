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
    bad_header: {
      result: "fail",
      cause: "the value of a header holds a character that HTTP does not allow",
      cure: "look for line breaks and for letters beyond Latin-1 in the value",
    },
  },
  async run({ target }): Promise<Finding> {
    await Promise.resolve();
    if (target!.unresolved !== undefined) throw target!.unresolved;
    const written = Object.values(target!.entry?.headers ?? {});
    const count = Object.keys(target!.settings.headers).length;
    const referring = written.filter(isReference).length;
    return ok(countOf(count, referring), { headers: count, references: referring });
  },
};

function countOf(headers: number, referring: number): string {
  if (headers === 0) return "no headers are given";
  const many = headers === 1 ? "1 header is given" : `${headers} headers are given`;
  return referring === 0 ? many : `${many}, ${referring} by reference, which is to be had`;
}
