import { expect, test } from "bun:test";
import { ForeignReference, sortValues } from "../../../src/registry/entry_secrets.ts";

test("a variable that stands beside a value is put in, and makes it a secret", () => {
  const { plain, secret } = sortValues({ authorization: "Bearer ${TOKEN}" }, { TOKEN: "hunter2", OTHER: "x" });
  expect(plain).toEqual({});
  expect(secret).toEqual({
    authorization: {
      value: "Bearer hunter2",
      text: "Bearer ${TOKEN}",
      variables: { TOKEN: "hunter2" },
      parts: ["TOKEN"],
    },
  });
});

test("a variable beside a value that refers to one of the person's own is none of the secrets", () => {
  const env = { TOKEN: "${TOKEN}", AUTH: "Bearer ${GITHUB}", KEY: "hunter2", INPUT: "${input:key}", HALF: "a${B}" };
  const { plain, secret } = sortValues({ a: "Bearer ${TOKEN}", b: "${AUTH}", c: "${MINE} ${TOKEN}" }, env);
  expect(plain).toEqual({ a: "Bearer ${TOKEN}", b: "Bearer ${GITHUB}", c: "${MINE} ${TOKEN}" });
  expect(secret).toEqual({});
  for (const value of ["${INPUT}", "${KEY} ${TOKEN}", "${HALF}"]) {
    expect(() => sortValues({ x: value }, env)).toThrow(ForeignReference);
  }
});

test("a variable of the person's own stays a reference", () => {
  expect(sortValues({ authorization: "${MINE}" })).toEqual({ plain: { authorization: "${MINE}" }, secret: {} });
});

test("what may be a secret is one, and what is none stays as it is", () => {
  const values = {
    "x-api-key": "short",
    "x-a": "Bearer abc",
    "x-b": "0123456789abcdef0123456789",
    "DATABASE_URL": "postgres://me:pass@host/db",
    "x-c": "keychain:other/thing",
    "x-d": "https://hooks.example.com/?t=0123456789abcdef0123456789",
    "x-tenant": "acme",
    "PYTHONPATH": "/opt/homebrew/lib/python3.11/site-packages",
    "BASE": "https://api.example.com/v1/0123456789012345",
    "LOG_LEVEL": "debug",
    "x-empty-key": "",
  };
  const { plain, secret } = sortValues(values);
  expect(Object.keys(secret)).toEqual(["x-api-key", "x-a", "x-b", "DATABASE_URL", "x-c", "x-d"]);
  expect(Object.keys(plain)).toEqual(["x-tenant", "PYTHONPATH", "BASE", "LOG_LEVEL", "x-empty-key"]);
  expect(secret["x-api-key"]).toEqual({
    value: "short",
    text: "${MCP_X_API_KEY}",
    variables: { MCP_X_API_KEY: "short" },
    parts: [],
  });
});

test("a value that only its own program understands is not taken", () => {
  for (const value of ["${input:key}", "Bearer ${env:KEY}", "${A} ${B}", "${A:-x}"]) {
    expect(() => sortValues({ x: value }, { A: "1" })).toThrow(ForeignReference);
  }
});

test("names that objects have by themselves are names like any other", () => {
  const { plain } = sortValues({ "constructor": "a", "toString": "${toString}" });
  expect(plain).toEqual({ "constructor": "a", "toString": "${toString}" });
});
