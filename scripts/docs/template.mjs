// The frame around each page of the documentation: head, search, navigation.
import MarkdownIt from 'markdown-it'

const { escapeHtml } = new MarkdownIt().utils
/** Everything comes from the site itself; the engine of the search is WebAssembly. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
/** The reference has pages of its own. */
const API = { title: 'Reference', pages: [{ file: 'api/index.html', title: 'API' }] }

/** A whole page. `groups` are those of the navigation, `headings` the page's own; `hasDemo`: whether the demo is beside the documentation. */
export function htmlPage({ page, body, description, headings, groups, hasDemo }) {
  const pages = groups.flatMap(({ pages }) => pages)
  const at = pages.indexOf(page)
  const isFirst = page.file === 'index.html'
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
    <title>${escapeHtml(isFirst ? 'secondpass: documentation' : `${page.title} · secondpass`)}</title>
    <meta name="description" content="${escapeHtml(description)}" />
    <meta name="color-scheme" content="light dark" />
    <meta name="theme-color" content="#f7f5f0" media="(prefers-color-scheme: light)" />
    <meta name="theme-color" content="#151714" media="(prefers-color-scheme: dark)" />
    <link rel="icon" href="../icons/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="../style.css" />
    <link rel="stylesheet" href="docs.css" />
    <script type="module" src="docs.js"></script>
  </head>
  <body class="docs">
    <a class="skip" href="#main">Skip to the text</a>
    <header class="docs-top">
      <a class="docs-brand" href="index.html"><img src="../icons/icon.svg" alt="" width="28" height="28" />secondpass</a>
      <form class="docs-search" role="search" hidden>
        <label class="visually-hidden" for="docs-query">Search the documentation</label>
        <input id="docs-query" type="search" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search" placeholder="Search" aria-describedby="docs-search-hint" aria-controls="docs-found" />
        <p id="docs-search-hint" class="visually-hidden">Results appear as you type; the arrow keys lead through them.</p>
        <p class="docs-said visually-hidden" role="status"></p>
        <div id="docs-found" class="docs-found" role="region" aria-label="Results of the search" hidden>
          <p class="docs-state"></p>
          <ol class="docs-results"></ol>
          <p class="docs-rank" hidden><button type="button" aria-pressed="false">Let a model read and rank them</button> <span></span></p>
        </div>
      </form>
      <a class="docs-jump" href="#pages">Pages</a>
${hasDemo ? '      <a class="docs-demo" href="../">Demo</a>\n' : ''}    </header>
    <div class="docs-frame">
      <main id="main" tabindex="-1">
        <article>
${body}        </article>
${neighbours(pages[at - 1], pages[at + 1])}      </main>
${onThisPage(headings)}      <nav id="pages" class="docs-pages" aria-label="Pages">
${[...groups, API].map((group) => navigationGroup(group, page)).join('')}      </nav>
    </div>
  </body>
</html>
`
}

function navigationGroup({ title, pages }, current) {
  const items = pages.map(
    (page) => `          <li><a href="${page.file}"${page === current ? ' aria-current="page"' : ''}>${escapeHtml(page.title)}</a></li>\n`,
  )
  return `        <h2>${escapeHtml(title)}</h2>\n        <ul>\n${items.join('')}        </ul>\n`
}

function onThisPage(headings) {
  const parts = headings.filter(({ level }) => level === 2)
  if (parts.length < 2) return ''
  const items = parts.map(({ id, text }) => `          <li><a href="#${id}">${escapeHtml(text)}</a></li>\n`)
  return `      <nav class="docs-parts" aria-label="On this page">\n        <h2>On this page</h2>\n        <ul>\n${items.join('')}        </ul>\n      </nav>\n`
}

function neighbours(before, after) {
  const link = (page, rel, word) => (page ? `<a class="docs-${rel}" rel="${rel}" href="${page.file}"><small>${word}</small>${escapeHtml(page.title)}</a>` : '')
  return `        <nav class="docs-neighbours" aria-label="Before and after">${link(before, 'prev', 'Before')}${link(after, 'next', 'Next')}</nav>\n`
}
