/** The floor for our endpoint: a reverse proxy of a dozen lines that looks at nothing. Prints its port. */
import { Hono } from "hono";

const target = process.argv[2]!;
const app = new Hono();
app.all("/mcp", async ({ req: { method, raw } }) => {
  const headers = new Headers(raw.headers);
  headers.delete("host");
  const { body, status, headers: said } = await fetch(target, { method, headers, body: raw.body });
  return new Response(body, { status, headers: said });
});
console.log(Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, fetch: app.fetch }).port);
