import { safeLine } from "./safe_text.ts";
import { asSchema } from "./schema_words.ts";

/** What is no text in a result, with its bytes. */
export interface Binary {
  /** What it is, in words: `image/png, 1234 bytes`. */
  readonly words: string;
  readonly bytes: Uint8Array;
}

/** A result's contents: texts to be read, and what is none. */
export interface Contents {
  readonly texts: readonly string[];
  readonly binaries: readonly Binary[];
}

/** Takes apart what a tool gave: content blocks, else the structured content. */
export function contentsOfCall(result: unknown): Contents {
  const { content, structuredContent } = asSchema(result);
  const contents = contentsOf(Array.isArray(content) ? content : []);
  const isEmpty = contents.texts.length === 0 && contents.binaries.length === 0;
  if (!isEmpty || structuredContent === undefined) return contents;
  return { texts: [JSON.stringify(structuredContent, null, 2)], binaries: [] };
}

/** Takes apart what was read of a resource. */
export function contentsOfResource(result: unknown): Contents {
  const { contents } = asSchema(result);
  return contentsOf((Array.isArray(contents) ? contents : []).map((resource) => ({ type: "resource", resource })));
}

/** Takes content blocks apart; those of a kind that is not known are said as JSON. */
export function contentsOf(blocks: readonly unknown[]): Contents {
  const texts: string[] = [];
  const binaries: Binary[] = [];
  for (const block of blocks) {
    const part = partOf(asSchema(block));
    if (typeof part === "string") texts.push(part);
    else binaries.push(part);
  }
  return { texts, binaries };
}

function partOf(block: Readonly<Record<string, unknown>>): string | Binary {
  const { type, text, data, mimeType, resource, uri, name, description } = block;
  if (type === "text" && typeof text === "string") return text;
  if ((type === "image" || type === "audio") && typeof data === "string") return binary(data, mimeType);
  if (type === "resource_link" && typeof uri === "string") {
    const words = [name, description].filter((word) => typeof word === "string" && word !== "").join(": ");
    return words === "" ? uri : `${uri}\n  ${words}`;
  }
  if (type === "resource") {
    const inner = asSchema(resource);
    if (typeof inner["text"] === "string") return inner["text"];
    if (typeof inner["blob"] === "string") return binary(inner["blob"], inner["mimeType"]);
  }
  return JSON.stringify(block);
}

function binary(base64: string, mimeType: unknown): Binary {
  const bytes = new Uint8Array(Buffer.from(base64, "base64"));
  const kind = typeof mimeType === "string" ? safeLine(mimeType, 80) : "data of no named kind";
  return { words: `${kind}, ${bytes.length} bytes`, bytes };
}
