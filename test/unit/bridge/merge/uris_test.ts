import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mergedTemplate, mergedUri, readMergedUri } from "../../../../src/bridge/merge/uris.ts";
import { runs } from "../../../harness/counts.ts";

/** Level 1 to 3 of RFC 6570 for one variable. */
function expand(template: string, value: string): string {
  return template.replace(/\{([+#./;?&]?)(\w+)\}/g, (_, sign: string, name: string) => {
    const safe = encodeURIComponent(value);
    switch (sign) {
      case "+":
        return encodeURI(value);
      case "#":
        return `#${encodeURI(value)}`;
      case "?":
        return `?${name}=${safe}`;
      case "&":
        return `&${name}=${safe}`;
      case ";":
        return `;${name}=${safe}`;
      default:
        return `${sign}${safe}`;
    }
  });
}

describe("a merged URI", () => {
  test("is the server's own, encoded, behind its slug", () => {
    expect(mergedUri("docs", "file:///a b/c?d#e")).toBe("mcp-bridge://docs/file%3A%2F%2F%2Fa%20b%2Fc%3Fd%23e");
  });

  test("of a page that shows a tool begins as hosts want it to", () => {
    const merged = mergedUri("docs", "ui://board/main.html");
    expect(merged).toBe("ui://mcp-bridge.docs/ui%3A%2F%2Fboard%2Fmain.html");
    expect(readMergedUri(merged)).toEqual({ slug: "docs", uri: "ui://board/main.html" });
    expect(readMergedUri("ui://board/main.html")).toBeUndefined();
    expect(mergedTemplate("docs", "ui://board/{id}")).toBe("ui://mcp-bridge.docs/ui%3A%2F%2Fboard%2F{id}");
  });

  test("gives back every URI, letter by letter", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (uri) => {
        expect(readMergedUri(mergedUri("docs", uri))).toEqual({ slug: "docs", uri: uri.toWellFormed() });
      }),
      { numRuns: runs(500, 20_000) },
    );
  });

  test("that a client has put into its own form still leads to the same resource", () => {
    const uri = "https://example.com/A%20b?x=1&y=2#z";
    expect(readMergedUri(new URL(mergedUri("docs", uri)).href)).toEqual({ slug: "docs", uri });
  });

  test.each(["file:///a", "mcp-bridge:docs", "mcp-bridge://docs", "mcp-bridge://docs/%", "mcp-bridge://docs/%ff", ""])(
    "is not %p",
    (text) => expect(readMergedUri(text)).toBeUndefined(),
  );
});

describe("a merged template", () => {
  test("has its literals encoded and its expressions as they were", () => {
    expect(mergedTemplate("docs", "file:///{+path}/{name}{?q,r}")).toBe(
      "mcp-bridge://docs/file%3A%2F%2F%2F{+path}%2F{name}{?q,r}",
    );
    expect(mergedTemplate("docs", "a:{b")).toBe("mcp-bridge://docs/a%3A%7Bb");
  });

  test("gives back the server's own", () => {
    for (const uri of ["file:///{+path}/{name}{?q,r}", "a:%20{x}%25", "a:{b", "a:}b{c}{"]) {
      expect(readMergedUri(mergedTemplate("docs", uri))).toEqual({ slug: "docs", uri });
    }
  });

  test.each(["", "+", "#", ".", "/", ";", "?", "&"])(
    "expanded with {%s} and a value of unreserved characters leads to what the server's own leads to",
    (sign) => {
      const template = `file:///a%20b/{${sign}name}`;
      const merged = expand(mergedTemplate("docs", template), "Az09-._~");
      expect(readMergedUri(merged)?.uri).toBe(expand(template, "Az09-._~"));
    },
  );

  test("expanded in the simple way gives the merged URI itself", () => {
    expect(expand(mergedTemplate("docs", "file:///{name}"), "readme.md")).toBe(
      mergedUri("docs", expand("file:///{name}", "readme.md")),
    );
  });

  test("brings other values to the server without the encoding that its own template would give them", () => {
    expect(readMergedUri(expand(mergedTemplate("docs", "file:///{name}"), "a b"))?.uri).toBe("file:///a b");
  });
});
