/**
 * Answers that JSON-RPC and MCP allow and that a bridge which parses and prints again gets wrong. Each must reach
 * the client byte for byte.
 */

/** One awkward answer and the request that it belongs to. */
export interface AwkwardMessage {
  readonly name: string;
  /** The request's id as it stands in the request, in JSON. */
  readonly id: string;
  /** The whole answer, one line without its end. */
  readonly answer: string;
}

const LONG = "all work and no play ".repeat(50_000);
const DEPTH = 2_000;

function result(members: string, id = "1"): string {
  return `{"jsonrpc":"2.0","id":${id},"result":{"content":[],${members}}}`;
}

/** The table; every answer differs from every other, so a line found in the output names its row. */
export const AWKWARD_MESSAGES: readonly AwkwardMessage[] = [
  {
    name: "integers beyond 2^53",
    id: "1",
    answer: result('"structuredContent":{"a":9007199254740993,"b":-18446744073709551615}'),
  },
  {
    name: "numbers beyond a double",
    id: "1",
    answer: result('"structuredContent":{"a":1e400,"b":0.1000000000000000055511151231257827}'),
  },
  {
    name: "floats as they were written",
    id: "1",
    answer: result('"structuredContent":{"a":1.0,"b":1e5,"c":-0,"d":0.10,"e":1E+2}'),
  },
  {
    name: "an id beyond 2^53",
    id: "9007199254740993",
    answer: result('"structuredContent":{"row":"id beyond 2^53"}', "9007199254740993"),
  },
  {
    name: "a string id with escapes",
    id: String.raw`"\u0061\/1"`,
    answer: result('"structuredContent":{"row":"string id"}', String.raw`"\u0061\/1"`),
  },
  { name: "an empty string as id", id: '""', answer: result('"structuredContent":{"row":"empty id"}', '""') },
  { name: "a negative id", id: "-7", answer: result('"structuredContent":{"row":"negative id"}', "-7") },
  {
    name: "members in another order",
    id: "1",
    answer: '{"result":{"isError":false,"content":[],"_meta":{"z":1,"a":2,"10":3,"9":4}},"id":1,"jsonrpc":"2.0"}',
  },
  {
    name: "duplicate members",
    id: "1",
    answer: result('"structuredContent":{"a":1,"a":2},"structuredContent":{"a":3}'),
  },
  {
    name: "unknown top-level members",
    id: "1",
    answer: '{"jsonrpc":"2.0","id":1,"result":{"content":[]},"trace":{"span":"7"},"x-vendor":[1]}',
  },
  {
    name: "a content kind of a revision to come",
    id: "1",
    answer: '{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"hologram","frames":[1,2]}],"later":true}}',
  },
  {
    name: "escapes beside raw letters",
    id: "1",
    answer: result('"structuredContent":{"a":"\\u00e9é\\/\\u002f","\\u0062":"\\ud83d\\ude00"}'),
  },
  {
    name: "escaped control characters",
    id: "1",
    answer: result(String.raw`"structuredContent":{"a":"\u0000\u001f\u007f\b\f\u000a\n"}`),
  },
  {
    name: "a lone surrogate",
    id: "1",
    answer: result(String.raw`"structuredContent":{"a":"\ud800","b":"\uDFFFx"}`),
  },
  {
    name: "characters beyond the basic plane",
    id: "1",
    answer: result('"structuredContent":{"a":"👩‍👩‍👧 𝒳","b":"e\u0301"}'),
  },
  {
    name: "raw line separators of Unicode",
    id: "1",
    answer: result('"structuredContent":{"a":"one\u2028two\u2029three\u0085four"}'),
  },
  {
    name: "deep nesting",
    id: "1",
    answer: result(`"structuredContent":{"a":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}`),
  },
  {
    name: "an error with further members",
    id: "1",
    answer: '{"jsonrpc":"2.0","id":1,"error":{"code":7,"message":"","data":null,"retry":{"after":2}}}',
  },
  { name: "an empty result", id: "1", answer: '{"jsonrpc":"2.0","id":1,"result":{}}' },
  {
    name: "names of the prototype",
    id: "1",
    answer: result('"structuredContent":{"__proto__":{"a":1},"constructor":{"prototype":2},"toString":null}'),
  },
  { name: "a string of a mebibyte", id: "1", answer: result(`"structuredContent":{"a":"${LONG}"}`) },
  {
    name: "white space between the tokens",
    id: "1",
    answer: '{ "jsonrpc" :\t"2.0",  "id" : 1 , "result" : { "content" : [ ] } }',
  },
];
