/** What a page says. */
export interface PageText {
  readonly title: string;
  readonly text: string;
  /** Whether it is good news. */
  readonly isGood: boolean;
}

const STYLE = `
:root{color-scheme:light dark;--ground:#f6f5f2;--card:#fff;--ink:#1d1d1f;--soft:#5f6068;--line:#e3e1db;--good:#1f7a4d;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ground:#161618;--card:#212124;--ink:#f1f0ee;--soft:#a9a8ad;--line:#36363a;--good:#5cc48d;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:27rem;margin:1.5rem;padding:2.5rem;background:var(--card);border:1px solid var(--line);border-radius:16px;text-align:center}
svg{width:56px;height:56px;fill:none;stroke-width:4;stroke-linecap:round;stroke-linejoin:round}
.good svg{stroke:var(--good)}.bad svg{stroke:var(--bad)}
h1{margin:1rem 0 .5rem;font-size:1.4rem;line-height:1.25}
p{margin:0;color:var(--soft);overflow-wrap:anywhere}
footer{margin-top:1.75rem;font-size:.8rem;color:var(--soft);letter-spacing:.02em}
`.trim();

const SIGNS = { good: '<path d="M17 29l8 8 15-17"/>', bad: '<path d="M20 20l16 16M36 20L20 36"/>' };

/** A page without anything from elsewhere: no script, no picture, no link. */
export function pageHtml({ title, text, isGood }: PageText): string {
  const kind = isGood ? "good" : "bad";
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<main class="${kind}">
<svg viewBox="0 0 56 56" aria-hidden="true"><circle cx="28" cy="28" r="25"/>${SIGNS[kind]}</svg>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
<footer>mcp-bridge</footer>
</main>
</html>
`;
}

/** The headers of such a page: nothing of it is kept, framed, or sent anywhere. */
export async function pageHeaders(): Promise<Record<string, string>> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE));
  const style = Buffer.from(digest).toString("base64");
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
