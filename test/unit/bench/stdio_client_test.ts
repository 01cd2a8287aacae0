import { expect, test } from "bun:test";
import { idOf } from "../../../scripts/bench/stdio_client.ts";

const ROWS: [line: string, id: number][] = [
  ['{"jsonrpc":"2.0","id":7,"result":{}}', 7],
  ['{"result":{"a":"\\"id\\":3"},"jsonrpc":"2.0","id":1234567}', 1234567],
  ['{"jsonrpc":"2.0","id":0,"result":{}}', 0],
  ['{"jsonrpc":"2.0","id":"7","result":{}}', -1],
  ['{"jsonrpc":"2.0","id":null,"error":{}}', -1],
  ['{"jsonrpc":"2.0","method":"notifications/message"}', -1],
  ["", -1],
];

test.each(ROWS)("idOf reads %s", (line, id) => {
  expect(idOf(Buffer.from(line))).toBe(id);
});
