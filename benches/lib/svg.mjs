// Shared by the charts: colours that follow the reader's theme, and escaping.

/** Classes for text, grid and bars. */
export const STYLE = `:root{--ink:#1c2733;--faint:#5b6b7a;--grid:#d5dde5;--first:#1769c4;--second:#b0682a;--third:#6b7c8c;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--faint:#9aa8b5;--grid:#33404c;--first:#5aa9ff;--second:#e0a063;--third:#93a3b1;--paper:#0f151b}}
text{font:12px system-ui,sans-serif;fill:var(--ink)}.title{font-size:16px;font-weight:600}.group{font-weight:600}.faint{fill:var(--faint)}
.grid{stroke:var(--grid)}.ours{fill:var(--first)}.ort{fill:var(--second)}.wllama{fill:var(--third)}.paper{fill:var(--paper)}`

/** Escapes text for SVG. */
export const escapeXml = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])
