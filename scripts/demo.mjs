// Puts the demo together: page, package, gallery, model, and the list of what its service worker keeps.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, extname, join, relative, sep } from 'node:path'
import { ROOT, run } from './lib.mjs'

const WWW = join(ROOT, 'www')
/** In `www/`, and not part of the site. */
const NOT_SERVED = ['src', 'tsconfig.json']
/** Stands in where no trained model is built yet. Its order means nothing, and the page says so. */
const STAND_IN = join(ROOT, 'tests', 'fixtures', 'vl', 'vl-tied')
const STAND_IN_FILES = ['config.json', 'tokenizer.json', 'preprocessor_config.json', 'model.safetensors']
/** What the trained model of pictures has to be shown, as its card says. */
const TRAINED = { trained: true, maxImagePixels: 4096, lowerCase: true }
const CARDS = { pictures: join(ROOT, 'training', 'MODEL_CARD.md'), texts: join(ROOT, 'training', 'text', 'MODEL_CARD.md') }
/** Of the documentation: the reranker, and the embedder that made the vectors of the index. */
const TEXT_MODELS = { model: 'documentation-reranker-Q8_0.gguf', embedder: 'all-MiniLM-L6-v2-Q8_0.gguf' }
const PACKAGE_FILES = [
  'index.js',
  'worker.js',
  'search/index.js',
  'video/index.js',
  'models.js',
  'wasm/secondpass.js',
  'wasm/secondpass_bg.wasm',
  'wasm/secondpass_cpu.js',
  'wasm/secondpass_cpu_bg.wasm',
]

/** Builds the demo into the folder `demo` from the built package in `dist`, with the documentation. `api`: with the reference of the API as well. */
export async function buildDemo(dist, demo, { api = false } = {}) {
  rmSync(demo, { recursive: true, force: true })
  cpSync(WWW, demo, { recursive: true, filter: (path) => !NOT_SERVED.includes(relative(WWW, path)) })
  cpSync(dist, join(demo, 'secondpass'), { recursive: true })
  const { version } = JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8'))
  run(join(ROOT, 'node_modules', '.bin', 'esbuild'), [
    join(WWW, 'src', 'main.js'),
    '--external:./secondpass/*',
    `--outdir=${demo}`,
    '--entry-names=app',
    // Beside app.js: the package is imported by an address relative to each of them.
    '--chunk-names=part-[hash]',
    '--splitting',
    `--define:VERSION=${JSON.stringify(version)}`,
    '--bundle',
    '--format=esm',
    '--target=es2022',
    '--minify',
    '--legal-comments=none',
    '--log-level=warning',
  ])
  writeFileSync(join(demo, 'model', 'demo.json'), `${JSON.stringify({ texts: await textSearch(demo), pictures: await pictureSearch(demo) })}\n`)
  // Only here: markdown-it, as in `placeCard`.
  const { buildDocs } = await import('./docs.mjs')
  await buildDocs(demo, { api })
  writePrecache(demo)
}

/** The documentation's model and its index, which `scripts/demo-index.mjs` made with the embedder. */
async function textSearch(demo) {
  const { identity, passages, threshold } = JSON.parse(readFileSync(join(demo, 'collections', 'python.json'), 'utf8'))
  const index = { url: 'collections/python.sp', embedder: `model/${TEXT_MODELS.embedder}`, identity, passages }
  const card = await placeCard(demo, 'texts')
  return { name: basename(TEXT_MODELS.model, '.gguf'), model: `model/${TEXT_MODELS.model}`, vision: null, trained: true, threshold, card, index }
}

/** The trained model where there is one. */
async function pictureSearch(demo) {
  const ggufs = readdirSync(join(demo, 'model')).filter((name) => name.endsWith('.gguf') && !Object.values(TEXT_MODELS).includes(name))
  const vision = ggufs.find((name) => name.startsWith('mmproj'))
  const text = ggufs.find((name) => name !== vision)
  const card = await placeCard(demo, 'pictures')
  if (text && vision) {
    // Of the pictures with at least this score, half are right: `training/threshold.py` measures it.
    const { threshold } = JSON.parse(readFileSync(join(demo, 'model', 'pictures.json'), 'utf8'))
    return { name: basename(text, '.gguf'), model: `model/${text}`, vision: `model/${vision}`, ...TRAINED, threshold, card }
  }
  for (const file of STAND_IN_FILES) cpSync(join(STAND_IN, file), join(demo, 'model', file))
  return { name: 'stand-in', model: 'model/', vision: null, trained: false, card }
}

/** The card of a search's model as a page. */
async function placeCard(demo, search) {
  if (!existsSync(CARDS[search])) return null
  // Only here: this file is read before the packages are installed.
  const { default: markdown } = await import('markdown-it')
  // Its neighbours in the repository are not beside the page.
  const body = markdown({ html: false })
    .render(readFileSync(CARDS[search], 'utf8'))
    .replace(/<a href="(?!https?:|#)[^"]*">(.*?)<\/a>/g, '$1')
  const head = '<meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" /><meta name="color-scheme" content="light dark" />'
  const page = `<!doctype html><html lang="en"><head>${head}<title>Model card</title><link rel="stylesheet" href="../style.css" /></head>
<body class="card-page"><main><p><a href="../">Back to the demo</a></p>${body}</main></body></html>\n`
  writeFileSync(join(demo, 'model', `${search}-card.html`), page)
  return `model/${search}-card.html`
}

/** Every file that the page needs without a network, with the hash of its content. The API's reference has too many. */
function writePrecache(demo) {
  const wanted = (path) =>
    path !== 'sw.js' && !path.startsWith('docs/api/') && (!path.startsWith('secondpass/') || PACKAGE_FILES.includes(path.slice('secondpass/'.length)))
  const paths = readdirSync(demo, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(demo, path)).isFile() && extname(path) !== '.md')
    .map((path) => relative(demo, join(demo, path)).split(sep).join('/'))
    .filter(wanted)
    .sort()
  const files = paths.map((path) => [
    path,
    createHash('sha256')
      .update(readFileSync(join(demo, path)))
      .digest('hex')
      .slice(0, 16),
  ])
  writeFileSync(join(demo, 'precache.js'), `self.PRECACHE = ${JSON.stringify(files)}\n`)
}
