/** A client of Streamable HTTP that does as little as it can. */
import { connect, type Socket } from "node:net";

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};

/** A message that answers a request. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
}

/** A session with an endpoint. */
export interface HttpSession {
  /** Has the tool `echo` say something. Throws on anything but a result. */
  call(): Promise<void>;
  /** All answers to any other request that come where it was posted, as one message or an event stream. */
  answers(method: string, params?: unknown): Promise<Answer[]>;
  /** Opens the stream for what the server says by itself, and leaves it open. */
  listen(): Promise<Socket>;
}

/** Opens a session at `url`. */
export async function openSession(url: URL, token: string): Promise<HttpSession> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "authorization": `Bearer ${token}`,
  };
  const post = (body: string): Promise<Response> => fetch(url, { method: "POST", headers, body });
  const answer = await post(JSON.stringify(INITIALIZE));
  if (!answer.ok) throw new Error(`no session: ${answer.status}`);
  await answer.text();
  headers["mcp-session-id"] = answer.headers.get("mcp-session-id")!;
  headers["mcp-protocol-version"] = "2025-11-25";
  await (await post('{"jsonrpc":"2.0","method":"notifications/initialized"}')).text();
  let id = 0;
  return {
    async call(): Promise<void> {
      const params = '{"name":"echo","arguments":{"text":"one line that is neither short nor long"}}';
      const text = await (await post(`{"jsonrpc":"2.0","id":${++id},"method":"tools/call","params":${params}}`)).text();
      if (!text.includes('"result"')) throw new Error(`no result: ${text}`);
    },
    async answers(method, params): Promise<Answer[]> {
      const text = await (await post(JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }))).text();
      const texts = text.startsWith("{") ? [text] : [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => data!);
      return texts.map((each) => JSON.parse(each)).filter((message) => "result" in message || "error" in message);
    },
    async listen(): Promise<Socket> {
      // A socket, since a fetch costs this process as much as it costs the one that is measured.
      const socket = connect(Number(url.port), url.hostname);
      const lines = [`GET ${url.pathname} HTTP/1.1`, `host: ${url.host}`, "accept: text/event-stream"];
      for (const name of ["authorization", "mcp-session-id"]) lines.push(`${name}: ${headers[name]}`);
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      await new Promise<void>((resolve, reject) => {
        socket.once("data", (data) => data.toString().includes(" 200 ") ? resolve() : reject(new Error(String(data))));
        socket.once("error", reject);
      });
      return socket;
    },
  };
}
