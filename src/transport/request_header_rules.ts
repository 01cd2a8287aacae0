import type { Message } from "./message.ts";
import { standardHeaders } from "./request_headers.ts";

/**
 * What is wrong between the headers of a request of revision 2026-07-28 and its body (transports, "Request headers"):
 * nothing where they agree.
 */
export function headerMismatch(headers: Headers, request: Message, revision: string): string | undefined {
  for (const [name, wanted] of Object.entries(standardHeaders(request, revision))) {
    const given = headers.get(name);
    if (given === null) return `the header ${name} is missing`;
    if (given !== wanted && decoded(given) !== decoded(wanted)) return `the header ${name} and the body differ`;
  }
  return undefined;
}

/** The value of a header that may be in Base64 between the marks of the revision ("Value encoding"). */
function decoded(value: string): string {
  const coded = /^=\?base64\?(.*)\?=$/.exec(value)?.[1];
  return coded === undefined ? value : Buffer.from(coded, "base64").toString("utf8");
}
