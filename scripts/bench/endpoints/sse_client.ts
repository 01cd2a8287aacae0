/** A client of HTTP with SSE that does as little as it can: for endpoints that offer nothing newer. */

/** Opens a session at `url`; gives what calls the tool `name` there. */
export async function openSseSession(url: URL, name: string): Promise<() => Promise<void>> {
  const waiting = new Map<number, () => void>();
  const { promise: endpoint, resolve: named } = Promise.withResolvers<URL>();
  const stream = await fetch(url, { headers: { accept: "text/event-stream" } });
  if (!stream.ok) throw new Error(`no stream: ${stream.status}`);
  async function read(): Promise<void> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of stream.body!) {
      const events = (text + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/);
      text = events.pop()!;
      for (const event of events) {
        const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? "";
        if (event.includes("event: endpoint")) named(new URL(data, url));
        else waiting.get(JSON.parse(data).id)?.();
      }
    }
  }
  // It breaks off when the endpoint is ended.
  read().catch(() => {});
  const address = await endpoint;
  const headers = { "content-type": "application/json" };
  const say = async (body: unknown): Promise<void> => {
    await (await fetch(address, { method: "POST", headers, body: JSON.stringify(body) })).text();
  };
  let count = 0;
  async function ask(method: string, params: unknown): Promise<void> {
    const id = ++count;
    const answered = new Promise<void>((resolve) => waiting.set(id, resolve));
    await say({ jsonrpc: "2.0", id, method, params });
    await answered;
    waiting.delete(id);
  }
  const clientInfo = { name: "bench", version: "1" };
  await ask("initialize", { protocolVersion: "2024-11-05", capabilities: {}, clientInfo });
  await say({ jsonrpc: "2.0", method: "notifications/initialized" });
  return () => ask("tools/call", { name, arguments: { text: "one line that is neither short nor long" } });
}
