/** What zod says of a value, as far as it is told on. */
export interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly expected?: string;
  readonly values?: readonly unknown[];
  readonly keys?: readonly string[];
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly pattern?: string;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "a string",
  array: "a list",
  object: "an object",
  record: "an object",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** What an issue says, as a predicate to stand behind the member's name; holds no value of the file. */
export function sayIssue({ code, path, expected, values, keys, origin, minimum, maximum }: Issue): {
  path: readonly PropertyKey[];
  text: string;
} {
  switch (code) {
    case "invalid_type":
      return { path, text: `must be ${KINDS[expected ?? ""] ?? "something else"}` };
    case "invalid_value":
      return { path, text: `must be one of ${(values ?? []).map((value) => JSON.stringify(value)).join(", ")}` };
    case "unrecognized_keys":
      return { path: [...path, keys?.[0] ?? ""], text: "means nothing here" };
    case "invalid_union":
      return { path, text: 'must be a list of globs, or an object with "allow" and "deny"' };
    case "too_small":
      return {
        path,
        text: /^(?:string|array)$/.test(origin ?? "") ? "must not be empty" : `must be ${minimum} at least`,
      };
    case "too_big":
      return { path, text: `must be ${maximum} at most` };
  }
  if (path.at(-1) === "clientSecret") return { path, text: "must be a reference: ${VAR} or keychain:NAME" };
  return { path, text: "is not of the right form" };
}
