import { describe, expect, test } from "bun:test";
import { errorAnswer, listChange, promisedLists, provisionalInitializeResult } from "../../../src/bridge/answers.ts";
import { BridgeError, ERROR_NUMBERS } from "../../../src/platform/errors.ts";
import { composeMessage, type Message } from "../../../src/transport/message.ts";

const SERVER = "mcp.example.com:8443";

function textOf(message: Message): string {
  return new TextDecoder().decode(message.bytes);
}

describe("errorAnswer", () => {
  test("carries the number, the words, the code, the hint and the server alone", () => {
    const error = new BridgeError("busy", "the server is busy", { hint: "try again later" });
    expect(JSON.parse(textOf(errorAnswer("7", error, SERVER)))).toEqual({
      jsonrpc: "2.0",
      id: 7,
      error: {
        code: ERROR_NUMBERS.busy,
        message: "mcp-bridge: the server is busy; try again later",
        data: { code: "busy", hint: "try again later", server: "mcp.example.com:8443" },
      },
    });
  });

  test("leaves the hint out where there is none", () => {
    const { error } = JSON.parse(textOf(errorAnswer("7", new BridgeError("closing", "leaving"), SERVER)));
    expect(error.message).toBe("mcp-bridge: leaving");
    expect(error.data).toEqual({ code: "closing", server: "mcp.example.com:8443" });
  });

  test.each(["1", "-1", "1.50", "9007199254740993", "null", '""', String.raw`"\u0061\n"`])(
    "answers under the id %s as it was written, on one line",
    (id) => {
      const answer = errorAnswer(id, new BridgeError("parse_error", "line\nbreak \u001b \u4e16"), SERVER);
      expect(textOf(answer)).toStartWith(`{"jsonrpc":"2.0","id":${id},"error":`);
      expect(textOf(answer)).not.toContain("\n");
      expect([answer.kind, answer.id, answer.isError]).toEqual(["response", id, true]);
      expect(JSON.parse(textOf(answer)).error.message).toBe("mcp-bridge: line\nbreak \u001b \u4e16");
    },
  );
});

describe("provisionalInitializeResult", () => {
  const initialize = (params: unknown): Message => composeMessage({ id: "i", method: "initialize", params });

  test("promises the client's own revision, and news of every list", () => {
    const listChanged = true;
    expect(JSON.parse(textOf(provisionalInitializeResult(initialize({ protocolVersion: "2025-06-18" }), SERVER))))
      .toEqual({
        jsonrpc: "2.0",
        id: "i",
        result: {
          protocolVersion: "2025-06-18",
          capabilities: { tools: { listChanged }, prompts: { listChanged }, resources: { listChanged } },
          serverInfo: { name: "mcp.example.com:8443", version: "unknown" },
        },
      });
  });

  test.each([[{}], [{ protocolVersion: 5 }], [[]]])(
    "takes 2025-11-25 where the client names no revision: %j",
    (params) => {
      const { result } = JSON.parse(textOf(provisionalInitializeResult(initialize(params), SERVER)));
      expect(result.protocolVersion).toBe("2025-11-25");
    },
  );
});

describe("promisedLists", () => {
  const RESULTS: [result: unknown, lists: string[]][] = [
    [{ capabilities: { tools: { listChanged: true } } }, ["tools"]],
    [
      {
        capabilities: { resources: { subscribe: true, listChanged: true }, tools: { listChanged: true }, prompts: {} },
      },
      ["tools", "resources"],
    ],
    [{ capabilities: { tools: { listChanged: false }, prompts: { listChanged: "yes" }, resources: null } }, []],
    [{ capabilities: { logging: { listChanged: true } } }, []],
    [{ capabilities: {} }, []],
    [{ capabilities: [] }, []],
    [{ capabilities: "x" }, []],
    [{}, []],
    ["x", []],
  ];
  test.each(RESULTS)("of %j", (result, lists) => {
    expect(promisedLists(composeMessage({ id: 1, result }))).toEqual(lists);
  });

  test("of an error are none", () => {
    const error = { code: 1, message: "m", capabilities: { tools: { listChanged: true } } };
    expect(promisedLists(composeMessage({ id: 1, error }))).toEqual([]);
  });

  test("of our own promise are those of every list", () => {
    const promise = provisionalInitializeResult(composeMessage({ id: 1, method: "initialize" }), SERVER);
    expect(promisedLists(promise).map(listChange).map(({ method }) => method!)).toEqual([
      "notifications/tools/list_changed",
      "notifications/prompts/list_changed",
      "notifications/resources/list_changed",
    ]);
  });
});
