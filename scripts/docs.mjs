// `npm run docs`: the documentation as a site, with its search and the reference of the API. The demo's build puts it beside the demo.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { FIELDS } from '../www/src/docs/fields.js'
import { placeApi } from './docs/api.mjs'
import { readContents } from './docs/contents.mjs'
import { withTables } from './docs/generated.mjs'
import { headingsOf, parse, plainText, render } from './docs/markdown.mjs'
import { passagesOf } from './docs/passages.mjs'
import { htmlPage } from './docs/template.mjs'
import { fail, ROOT, run, TARGET_DIR } from './lib.mjs'
import { listen, serveFile } from './serve.mjs'

const WWW = join(ROOT, 'www')
/** As the page's script opens the index. */
const INDEX = { fields: FIELDS, id: 'id', storage: 'memory' }
/** The page that TypeDoc makes of the package's README begins the reference. */
const REFERENCE = join(ROOT, 'pkg', 'README.md')

/**
 * Writes the documentation into `docs/` of the folder `site`, which has `style.css`, `icons/` and the built package in `secondpass/`.
 * `api`: make the reference; `hasDemo`: link to the demo, which is the site's first page.
 */
export async function buildDocs(site, { api = true, hasDemo = true } = {}) {
  const folder = join(site, 'docs')
  mkdirSync(folder, { recursive: true })
  cpSync(join(WWW, 'docs'), folder, { recursive: true })
  const groups = readContents()
  const pages = groups.flatMap(({ pages }) => pages)
  const passages = []
  for (const page of pages) {
    const tokens = parse(withTables(page.text))
    passages.push(...passagesOf(page, tokens))
    const headings = headingsOf(tokens, page.file)
    const description = plainText(tokens.find(({ type }, i) => type === 'inline' && tokens[i - 1].type === 'paragraph_open'))
    const body = render(tokens, {
      linkTo: (href) => addressOf(href, page, pages),
      placePicture: (src) => placePicture(join(dirname(page.source), decodeURIComponent(src)), folder),
    })
    writeFileSync(join(folder, page.file), htmlPage({ page, body, description, headings, groups, hasDemo }))
  }
  await writeSearch(site, folder, passages)
  placeApi(join(folder, 'api'), api)
  return { folder, pages, passages }
}

/** Where a link of a page's source leads on the site; undefined if what it leads to is not there. */
function addressOf(href, { source }, pages) {
  if (/^([a-z]+:|#)/i.test(href)) return href
  const [path, hash] = href.split('#')
  const target = resolve(dirname(source), decodeURIComponent(path))
  if (target === REFERENCE) return 'api/index.html'
  const file = pages.find((page) => page.source === target)?.file
  return file && (hash ? `${file}#${hash}` : file)
}

function placePicture(file, folder) {
  if (!existsSync(file)) fail(`There is no picture ${relative(ROOT, file)}.`)
  mkdirSync(join(folder, 'pictures'), { recursive: true })
  cpSync(file, join(folder, 'pictures', basename(file)))
  return { file, address: `pictures/${basename(file)}` }
}

/** The index of the passages, what may rerank them, and the script of every page. */
async function writeSearch(site, folder, passages) {
  const { SearchIndex } = await import('../pkg/dist/search/index.js')
  const index = await SearchIndex.open('secondpass documentation', INDEX)
  await index.add(passages)
  writeFileSync(join(folder, 'search.sp'), Buffer.from(await (await index.export()).arrayBuffer()))
  index.dispose()
  writeFileSync(join(folder, 'search.json'), `${JSON.stringify({ reranker: rerankerOf(site) })}\n`)
  run(join(ROOT, 'node_modules', '.bin', 'esbuild'), [
    join(WWW, 'src', 'docs', 'main.js'),
    '--external:../secondpass/*',
    `--outfile=${join(folder, 'docs.js')}`,
    '--bundle',
    '--format=esm',
    '--target=es2022',
    '--minify',
    '--legal-comments=none',
    '--log-level=warning',
  ])
}

/** The demo's model for texts, where the site has it: its address, relative to the documentation, and its size. */
function rerankerOf(site) {
  const about = join(site, 'model', 'demo.json')
  const model = existsSync(about) ? JSON.parse(readFileSync(about, 'utf8')).texts?.model : undefined
  const stat = model && statSync(join(site, model), { throwIfNoEntry: false })
  return stat?.isFile() ? { url: `../${model}`, bytes: stat.size } : null
}

/** The documentation as a site of its own. */
export async function buildDocsSite(site, options) {
  const dist = join(ROOT, 'pkg', 'dist')
  if (!existsSync(join(dist, 'search', 'index.js'))) fail('The search needs the built package: run npm run build first.')
  rmSync(site, { recursive: true, force: true })
  mkdirSync(site, { recursive: true })
  for (const name of ['style.css', 'icons']) cpSync(join(WWW, name), join(site, name), { recursive: true })
  cpSync(dist, join(site, 'secondpass'), { recursive: true, filter: (path) => !path.startsWith(join(dist, 'wasm') + sep) && !path.endsWith('.d.ts') })
  return buildDocs(site, { ...options, hasDemo: false })
}

async function main(args) {
  if (args.includes('--help'))
    return console.log('npm run docs [-- --serve]\n\nBuilds the documentation in target/docs. --serve: serves it on 127.0.0.1 as well.')
  const unknown = args.find((arg) => arg !== '--serve')
  if (unknown) fail(`"${unknown}" is not understood; see npm run docs -- --help`)
  const site = join(TARGET_DIR, 'docs')
  const { folder, pages, passages } = await buildDocsSite(site)
  console.log(`${pages.length} pages, ${passages.length} passages: ${join(relative(process.cwd(), folder), 'index.html')}`)
  if (!args.includes('--serve')) return console.log('The search needs a server: npm run docs -- --serve')
  const server = await listen((request, response) => serveFile(site, request, response) || response.writeHead(404).end('not found'), 8139, false)
  console.log(`http://127.0.0.1:${server.address().port}/docs/   (stop with Ctrl+C)`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
