import script from "./page/status.page.js" with { type: "text" };
import style from "./page/status.page.css" with { type: "text" };

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>mcp-bridge</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<h1>mcp-bridge</h1>
<p id="about"></p>
</header>
<p id="trouble" role="status" hidden></p>
<main>
<section aria-labelledby="servers-title">
<h2 id="servers-title">Servers <span id="servers-count" class="soft"></span></h2>
<p class="legend soft" aria-hidden="true"><span class="p50"></span> half of the calls <span class="p95"></span> 19 of 20 <span class="errors"></span> errors</p>
<ul id="servers"></ul>
<p id="no-servers" class="empty" hidden>There are no servers yet. <code>mcp-bridge add NAME URL</code> adds one.</p>
</section>
<section aria-labelledby="clients-title">
<h2 id="clients-title">Clients <span id="clients-count" class="soft"></span></h2>
<ul id="clients"></ul>
<p id="no-clients" class="empty" hidden>No client has made a call of late.</p>
</section>
<section aria-labelledby="log-title">
<h2 id="log-title">Log</h2>
<ol id="log" tabindex="0" aria-label="The last notices" role="log" aria-live="off"></ol>
<p id="no-log" class="empty">Nothing has been said yet.</p>
</section>
</main>
<script type="module">${script}</script>
</body>
</html>
`;

let headers: Promise<Record<string, string>> | undefined;

/** The status page: one document that needs nothing else, runs no script but its own, and is framed by nobody. */
export async function statusPage(): Promise<Response> {
  return new Response(HTML, { headers: await (headers ??= headersOf()) });
}

async function headersOf(): Promise<Record<string, string>> {
  const [styles, scripts] = await Promise.all([style, script].map(hashOf));
  const policy = [
    "default-src 'none'",
    `style-src ${styles}`,
    `script-src ${scripts}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
  };
}

/** How a policy names the one text that it lets in (CSP 3, hash-source). */
async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${Buffer.from(digest).toString("base64")}'`;
}
