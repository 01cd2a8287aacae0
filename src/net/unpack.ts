import { BridgeError, quoted } from "../platform/errors.ts";
import type { Budget } from "../platform/budget.ts";
import { collect, type HttpBody } from "./body.ts";

/** The runtime's name of each content coding that is unpacked (RFC 9110, 8.4.1). */
const FORMATS: ReadonlyMap<string, ConstructorParameters<typeof DecompressionStream>[0]> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "brotli"],
]);

/**
 * What requests offer as `Accept-Encoding`. Not zstd: its frames may ask for a window of 128 MiB, which the runtime
 * cannot be told to refuse.
 */
export const OFFERED_CODINGS = "gzip, deflate, br";

/**
 * The body behind a `Content-Encoding`, unpacked as it is read and no further: fetch would unpack ahead of a late
 * reader, and hold in memory what a few bytes stand for. What cannot be unpacked rejects with `bad_answer`.
 */
export function unpacked(packed: HttpBody, coding: string, budget: Budget): HttpBody {
  const name = coding.trim().toLowerCase();
  if (name === "" || name === "identity") return packed;
  let over = false;
  function discard(): void {
    over = true;
    packed.discard();
  }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const format = FORMATS.get(name);
    if (format === undefined) {
      discard();
      throw new BridgeError("bad_answer", `the server's answer is packed as ${quoted(name)}, which was not asked for`);
    }
    const { readable, writable } = new DecompressionStream(format);
    const writer = writable.getWriter();
    const reader = readable.getReader();
    let isEmpty = true;
    async function feed(): Promise<void> {
      try {
        for await (const chunk of packed.chunks()) {
          isEmpty = false;
          await writer.write(chunk as Uint8Array<ArrayBuffer>);
        }
        await writer.close();
      } catch (thrown) {
        await writer.abort(thrown);
      }
    }
    feed().catch(() => {}); // The reader hears of it.
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    } catch (thrown) {
      // What was given up has no end; and no bytes are nothing packed, though the runtime misses an end there too.
      if (over || (isEmpty && !(thrown instanceof BridgeError))) return;
      if (thrown instanceof BridgeError) throw thrown;
      throw new BridgeError("bad_answer", "the server's answer is compressed and damaged", { cause: thrown });
    } finally {
      reader.cancel().catch(() => {});
      discard();
    }
  }
  return { chunks, bytes: (limit, onchunk, lease) => collect(chunks(), limit, budget, onchunk, lease), discard };
}
