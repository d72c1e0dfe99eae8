"""An explorer for browsers: a query, its variables, a token, and the answer; nothing is loaded from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

STYLE = """
:root{color-scheme:light dark;font:16px/1.45 system-ui,sans-serif}
body{max-width:70rem;margin:0 auto;padding:1rem}
form{display:grid;gap:.6rem;grid-template-columns:2fr 1fr}
textarea,input,pre{font:13px/1.45 ui-monospace,monospace;width:100%;box-sizing:border-box;padding:.6rem}
#query{grid-row:span 4;min-height:22rem}
#variables{min-height:9rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid;border-radius:6px;min-height:6rem}
button{font:inherit;padding:.6rem 1.2rem}
@media(max-width:600px){form{grid-template-columns:1fr}#query{min-height:12rem}}
"""

SCRIPT = """
const ask = document.querySelector("form"), answer = document.querySelector("pre");
ask.addEventListener("submit", async (event) => {
  event.preventDefault();
  const headers = {"content-type": "application/json", "accept": "application/graphql-response+json"};
  const token = document.getElementById("token").value.trim();
  if (token) headers.authorization = "Bearer " + token;
  try {
    const variables = JSON.parse(document.getElementById("variables").value || "{}");
    const body = JSON.stringify({query: document.getElementById("query").value, variables});
    const response = await fetch("/graphql", {method: "POST", headers, body});
    answer.textContent = JSON.stringify(await response.json(), null, 2);
  } catch (error) { answer.textContent = String(error); }
});
"""

QUERY = """{
  ledger { origin name edition sandbox size recorded }
  entries(first: 5) {
    totalCount
    nodes { index recorded action participant { name } }
  }
}
"""

PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>Ketenboek explorer</title><style>{STYLE}</style></head><body>
<h1>Ketenboek explorer</h1>
<p>The schema: <a href="/schema.graphql">schema.graphql</a>. A token: <code>ketenboek token --key FILE --origin
ORIGIN</code>; a sandbox ledger is read without one. The console: <a href="/console">/console</a>.</p>
<form><textarea id="query" aria-label="Query" spellcheck="false">{QUERY}</textarea>
<textarea id="variables" aria-label="Variables" spellcheck="false" placeholder="{{}}"></textarea>
<input id="token" aria-label="Bearer token" placeholder="bearer token" autocomplete="off"><button>Ask</button></form>
<pre aria-live="polite"></pre><script>{SCRIPT}</script></body></html>
"""


def _hash(text: str) -> str:
    """A script or style as the content security policy names it (CSP 3 §2.3.1)."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": (
        f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
