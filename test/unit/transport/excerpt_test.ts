import { describe, expect, test } from "bun:test";
import { answeredIdOfExcerpt, answersNothing, endsOf, idOfExcerpt } from "../../../src/transport/excerpt.ts";

const PAD = `{"id":9,"pad":"${"x".repeat(200_000)}","method":"y"}`;
const ends = (text: string): ReturnType<typeof endsOf> => endsOf(new TextEncoder().encode(text));

describe("the ends of a message that is too long", () => {
  test.each([
    [`{"jsonrpc":"2.0","id":5,"result":${PAD}}`, "5"],
    [`{"id":"a\\"b","jsonrpc":"2.0","error":${PAD}}`, '"a\\"b"'],
    [`{"result":${PAD},"jsonrpc":"2.0","id":5}`, "5"],
    [` { "jsonrpc" : "2.0" , "error" : ${PAD} , "id" : 5 } `, "5"],
    [`{"jsonrpc":"2.0","result":${PAD},"id":9007199254740993}`, "9007199254740993"],
  ])("name the request that it answers: %#", (text, id) => {
    expect([answeredIdOfExcerpt(ends(text)), answersNothing(ends(text))]).toEqual([id, false]);
  });

  test.each([
    [`{"jsonrpc":"2.0","id":5,"method":"sampling/createMessage","params":${PAD}}`],
    [`{"method":"roots/list","params":${PAD},"jsonrpc":"2.0","id":5}`],
    [`{"jsonrpc":"2.0","id":5,"params":${PAD},"method":"x"}`],
    [`{"params":${PAD},"id":5,"method":"x"}`],
    [`{"params":{"result":${PAD}},"id":5}`],
  ])("name no request of ours where it is one of the server's own: %#", (text) => {
    expect(idOfExcerpt(ends(text))).toBe("5");
    expect([answeredIdOfExcerpt(ends(text)), answersNothing(ends(text))]).toEqual([undefined, true]);
  });

  test("tell that news answers nothing", () => {
    expect(answersNothing(ends(`{"jsonrpc":"2.0","method":"notifications/message","params":${PAD}}`))).toBe(true);
    expect(answersNothing(ends("y".repeat(200_000)))).toBe(false);
  });

  test.each([
    [`{"jsonrpc":"2.0","result":${PAD}}`],
    [`[{"jsonrpc":"2.0","id":5,"result":${PAD}},{"jsonrpc":"2.0","id":6,"result":{}}]`],
    [`{"jsonrpc":"2.0","result":["${"x".repeat(200_000)},\\"id\\":5}"]}`],
    ["y".repeat(200_000)],
    [""],
  ])("name nothing where they do not show it: %#", (text) => {
    expect(answeredIdOfExcerpt(ends(text))).toBeUndefined();
  });
});
