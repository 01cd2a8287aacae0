import { ServerError } from "../app/server_error.ts";
import { BridgeError } from "../platform/errors.ts";
import { asSchema } from "./schema_words.ts";
import type { AskedServer } from "./with_server.ts";

/** JSON-RPC's number for "open these pages first" (2025-11-25). */
const PAGES_NEEDED = -32042;
/** A server that asks again and again is left alone. */
const MOST_TRIES = 3;

/**
 * As `client.request`. Where the server first wants pages to be opened, the person is asked for each, and the request is
 * made again once they have been there.
 *
 * @throws {BridgeError} as `client.request`; `input_refused` where the person did not want that
 */
export async function requestPatiently(
  { client, name, visit }: AskedServer,
  method: string,
  params: string,
): Promise<{ readonly raw: string; readonly value: unknown }> {
  for (let tries = 1;; tries++) {
    try {
      return await client.request(method, params);
    } catch (thrown) {
      if (!(thrown instanceof ServerError) || thrown.number !== PAGES_NEEDED || tries >= MOST_TRIES) throw thrown;
      const pages = asSchema(thrown.data)["elicitations"];
      if (!Array.isArray(pages)) throw thrown;
      if (await visit(pages.map(asSchema))) continue;
      throw new BridgeError("input_refused", `${name} wants a page to be seen first, and you did not open it`, {
        hint: "call again to be asked again",
        cause: thrown,
      });
    }
  }
}
