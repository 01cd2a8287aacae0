/** What is fuzzed: a reader of foreign input, the inputs made up for it, and what must hold of each. */
import fc from "fast-check";

/** One of them. `check` tries so many inputs from the seed on, and tells what was wrong with the smallest that fails. */
export interface Target {
  readonly name: string;
  readonly check: (count: number, seed: number) => Promise<void>;
}

/** A target whose property says what must hold of the inputs; `examples` are tried first, those that once failed among them. */
export function target<Input>(
  name: string,
  inputs: fc.Arbitrary<Input>,
  holds: (input: Input) => Promise<void> | void,
  examples: readonly NoInfer<Input>[] = [],
): Target {
  return {
    name,
    check: async (numRuns, seed): Promise<void> => {
      const property = fc.asyncProperty(inputs, async (input) => await holds(input));
      await fc.assert(property, { numRuns, seed, examples: examples.map((example): [Input] => [example]) });
    },
  };
}

/** Texts made of pieces that mean something to their reader, with others in between. */
export function textOf(pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...pieces) },
    { weight: 2, arbitrary: fc.string({ maxLength: 8 }) },
    { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: "binary" }) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...pieces), fc.integer({ min: 2, max: 200 })).map(([one, times]) =>
        one.repeat(times)
      ),
    },
  );
  return fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(""));
}

/** A text that is right but for what was taken out, put in or doubled at some places. */
export function damagedTextOf(texts: fc.Arbitrary<string>, pieces: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 12 }),
    put: fc.oneof(fc.constant(""), fc.constantFrom(...pieces), fc.string({ maxLength: 3, unit: "binary" })),
    isDoubled: fc.boolean(),
  });
  return fc.tuple(texts, fc.array(edit, { maxLength: 4 })).map(([text, edits]) => {
    return edits.reduce((current, { at, length, put, isDoubled }) => {
      const from = Math.floor(at * current.length);
      const [before, part, after] = [
        current.slice(0, from),
        current.slice(from, from + length),
        current.slice(from + length),
      ];
      return before + (isDoubled ? part + part : "") + put + after;
    }, text);
  });
}

/** Bytes cut into chunks somewhere, as a network does. */
export function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length].sort((one, other) =>
    one - other
  );
  let from = 0;
  return ends.map((end) => {
    const chunk = bytes.slice(from, end);
    from = end;
    return chunk;
  });
}

/** Where bytes are cut: parts of their length. */
export const places: fc.Arbitrary<number[]> = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
