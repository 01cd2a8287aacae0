/** The executable in front of a server that misbehaves: whatever it does, each request gets exactly one answer. */
import { afterAll, describe, expect, test } from "bun:test";
import { Executable, type Message } from "../harness/executable.ts";
import { startMisbehavingServer } from "../harness/misbehaving_server.ts";
import { MISBEHAVIOURS } from "../harness/misbehaviours.ts";

/** What the client is told: the code of the bridge's error, or that the server's own words came through. */
const OUTCOMES: Readonly<Record<string, string>> = {
  "event stream ends without an answer": "no_answer",
  "event stream cut inside an event": "outcome_unknown",
  "event stream to resume, and no resuming": "no_answer",
  "event without data": "no_answer",
  "broken JSON in an event": "bad_answer",
  "the answer twice": "result",
  "an answer to another id": "no_answer",
  "broken JSON": "bad_answer",
  "body cut": "outcome_unknown",
  "connection reset inside the body": "outcome_unknown",
  "connection reset before the answer": "outcome_unknown",
  "connection closed before the answer": "outcome_unknown",
  "something that is not HTTP": "bad_answer",
  "empty body with status 200": "bad_answer",
  "status 202 to a request": "no_answer",
  "HTML with status 200": "bad_answer",
  "HTML with status 500": "http_status",
  "status 404": "session_lost",
  "status 503": "busy",
  "status 400 and an error without an id": "error",
  "a redirect to itself": "bad_answer",
  "gzip that is none": "bad_answer",
  "the answer as text/plain": "bad_answer",
  "the answer as application/octet-stream": "bad_answer",
};

const server = await startMisbehavingServer();
afterAll(() => server.stop());

function outcomeOf(answer: Message): string {
  return answer.result !== undefined ? "result" : answer.error.data?.code ?? "error";
}

describe("a request is answered exactly once when the server misbehaves", () => {
  test.each(MISBEHAVIOURS.map(({ name }) => name))("%s", async (name) => {
    await using bridge = new Executable(server.url);
    await bridge.initialize();
    const answer = await bridge.request({ id: 7, method: "tools/call", params: { name } });
    expect(outcomeOf(answer)).toBe(OUTCOMES[name]!);
    expect((await bridge.request({ id: "next", method: "ping" })).result).toEqual({});
    bridge.endInput();
    expect(await bridge.exit(2_000)).toBe(0);
    await bridge.output.ended;
    const ids = bridge.output.items.map((line) => JSON.parse(line)).filter(({ method }) => method === undefined)
      .map(({ id }) => id);
    expect(ids).toEqual(["initialize", 7, "next"]);
  });
});

test("requests that meet all the misbehaviours at once get one answer each", async () => {
  await using bridge = new Executable(server.url);
  await bridge.initialize();
  const answers = await Promise.all(
    MISBEHAVIOURS.map(({ name }, id) => bridge.request({ id, method: "tools/call", params: { name } })),
  );
  expect(answers.map(({ id }) => id)).toEqual(MISBEHAVIOURS.map((_, id) => id));
  bridge.endInput();
  expect(await bridge.exit(2_000)).toBe(0);
  await bridge.output.ended;
  const ids = bridge.output.items.map((line) => JSON.parse(line)).filter(({ method }) => method === undefined);
  expect(ids).toHaveLength(MISBEHAVIOURS.length + 1);
});
