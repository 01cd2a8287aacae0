/** What tools and prompts of a test server answer with. */

/** An image of one red pixel. */
export const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC";
/** A sound of one silent sample. */
export const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA==";

/** A result that is one text. */
export function text(words: string): { content: [{ type: "text"; text: string }] } {
  return { content: [{ type: "text", text: words }] };
}
