import { expect, test } from "bun:test";
import { News } from "../../../../src/bridge/merge/news.ts";
import { composeMessage } from "../../../../src/transport/message.ts";

const TOOLS = composeMessage({ method: "notifications/tools/list_changed" });
const PROMPTS = composeMessage({ method: "notifications/prompts/list_changed" });

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("news that mean the same are said once in a turn, and while the client does not read, once when it does", async () => {
  const said: (string | undefined)[] = [];
  let wait: Promise<void> | undefined;
  const news = new News({
    send({ method }): Promise<void> | undefined {
      said.push(method);
      return wait;
    },
  });
  for (const message of [TOOLS, PROMPTS, TOOLS]) news.say(message);
  await nextTurn();
  expect(said.splice(0)).toEqual([TOOLS.method, PROMPTS.method]);
  const { promise, resolve } = Promise.withResolvers<void>();
  wait = promise;
  for (let turn = 0; turn < 10; turn++) {
    news.say(TOOLS);
    news.say(PROMPTS, "1");
    await nextTurn();
  }
  expect(said.splice(0)).toEqual([TOOLS.method, PROMPTS.method]);
  wait = undefined;
  resolve();
  await nextTurn();
  expect(said.splice(0)).toEqual([TOOLS.method, PROMPTS.method]);
  news.say(TOOLS);
  await nextTurn();
  expect(said).toEqual([TOOLS.method]);
});
