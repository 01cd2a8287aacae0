import { expect, test } from "bun:test";
import { terminalSvg } from "../../../scripts/terminal_svg.ts";

const pieces = (text: string): string[] =>
  terminalSvg(text, "title").split("\n").filter((line) => line.startsWith("<text "));

test("each piece of a line stands in its column, in its colour and as wide as its letters", () => {
  expect(pieces("\u001b[32mok\u001b[39m    \u001b[1mfine\u001b[22m")).toEqual([
    '<text x="20" y="34.3" textLength="16.8" fill="#7ee787">ok</text>',
    '<text x="70.4" y="34.3" textLength="33.6" fill="#d6dae2" font-weight="bold">fine</text>',
  ]);
});

test("a look goes on beyond the end of a line, and ends where it is said", () => {
  const [first, second, third] = pieces("\u001b[2mleft\nout\u001b[22m in");
  expect([first, second].every((piece) => piece!.includes('fill-opacity="0.6"'))).toBe(true);
  expect(third).not.toContain("fill-opacity");
});

test("what a program says is text, and no part of the picture", () => {
  expect(terminalSvg("<script>&", "a & b")).toContain(">&lt;script&gt;&amp;</text>");
  expect(terminalSvg("x", "a & b")).toContain("<title>a &amp; b</title>");
});
