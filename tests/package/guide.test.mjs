// The guide in docs/guide: its pages are in the navigation, its links lead somewhere, its examples compile, its commands exist, and every code
// of an error is explained.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { before, test } from 'node:test'
import { GUIDE, readContents } from '../../scripts/docs/contents.mjs'
import { describedErrors, errorCodes } from '../../scripts/docs/generated.mjs'
import { buildDocs, buildDocsSite } from '../../scripts/docs.mjs'
import { ROOT, TARGET_DIR } from '../../scripts/lib.mjs'

const SITE = join(TARGET_DIR, 'guide-site')
/** In the project, whose node_modules the examples import from; the target directory may lie elsewhere. */
const EXAMPLES = join(ROOT, 'target', 'guide-examples')
const SHELL = ['sh', 'bash']
const TYPED = ['ts', 'tsx']
const UNTYPED = ['js', 'jsx']

const sources = readdirSync(GUIDE).filter((file) => file.endsWith('.md'))
const guide = (file) => readFileSync(join(GUIDE, file), 'utf8')
/** The fenced blocks of the guide: `{ file, language, code, isFragment }`. */
const blocks = sources.flatMap((file) =>
  [...guide(file).matchAll(/^```(\w*)( fragment)?\n([\s\S]*?)^```$/gm)].map(([, language, fragment, code]) => ({
    file,
    language,
    code,
    isFragment: Boolean(fragment),
  })),
)

/** The elements of a page of the site, with their attributes. */
const elementsOf = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/<(\w+)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*\/?>/g)].map(([, tag, attributes]) => ({
    tag,
    ...Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
  }))

let site
before(async () => {
  site = await buildDocsSite(SITE, { api: false })
})

test('every page of the guide is in the navigation of every page', () => {
  const listed = readContents().flatMap(({ pages }) => pages)
  assert.deepEqual(
    sources.filter((file) => !listed.some(({ source }) => source === join(GUIDE, file))),
    [],
  )
  assert.ok(sources.length >= 8, `${sources.length} pages`)
  for (const { file } of listed) {
    const links = elementsOf(join(site.folder, file)).filter(({ tag }) => tag === 'a')
    for (const other of listed)
      assert.ok(
        links.some(({ href }) => href === other.file),
        `${file} does not lead to ${other.file}`,
      )
    assert.deepEqual(
      links.filter((link) => link['aria-current']).map(({ href }) => href),
      [file],
    )
  }
})

test('links, anchors, pictures and scripts of the site exist', () => {
  const broken = []
  const ids = new Map()
  const idsOf = (file) => ids.get(file) ?? ids.set(file, new Set(elementsOf(file).map(({ id }) => id))).get(file)
  let checked = 0
  for (const name of readdirSync(site.folder).filter((file) => file.endsWith('.html'))) {
    const page = join(site.folder, name)
    for (const { tag, href, src } of elementsOf(page)) {
      const address = href ?? src
      if (address === undefined || (tag === 'a' && /^https:/.test(address))) continue
      const [path, hash] = address.split('#')
      const target = path === '' ? page : resolve(dirname(page), path)
      checked++
      if (!existsSync(target) || (hash && !idsOf(target).has(decodeURIComponent(hash)))) broken.push(`${name}: ${address}`)
    }
  }
  assert.deepEqual(broken, [])
  assert.ok(checked > 300, `${checked} addresses`)
})

test('every passage of the search leads to a place on a page', () => {
  for (const { url, text } of site.passages) {
    const [file, hash] = url.split('#')
    assert.ok(hash === undefined || elementsOf(join(site.folder, file)).some(({ id }) => id === hash), url)
    assert.notEqual(text.trim(), '')
  }
  for (const { file } of site.pages)
    assert.ok(
      site.passages.some(({ url }) => url.split('#')[0] === file),
      `nothing of ${file} is found`,
    )
})

test("the search may be ranked by the demo's model for texts, where the site has it", async () => {
  const model = join(SITE, 'model')
  const offered = async (about) => {
    writeFileSync(join(model, 'demo.json'), JSON.stringify(about))
    await buildDocs(SITE, { api: false })
    return JSON.parse(readFileSync(join(site.folder, 'search.json'), 'utf8')).reranker
  }
  mkdirSync(model, { recursive: true })
  writeFileSync(join(model, 'reads.gguf'), 'GGUF')
  try {
    assert.deepEqual(await offered({ texts: { model: 'model/reads.gguf' }, pictures: {} }), { url: '../model/reads.gguf', bytes: 4 })
    assert.equal(await offered({ texts: { model: 'model/gone.gguf' } }), null)
    assert.equal(await offered({ name: 'stand-in', model: 'model/' }), null)
  } finally {
    rmSync(model, { recursive: true })
  }
})

test('every code of an error is explained, with the statuses that the package gives it', () => {
  const described = describedErrors(guide('errors.md'))
  const codes = errorCodes()
  assert.ok(codes.length > 20, `${codes.length} codes`)
  assert.deepEqual([...described.keys()].sort(), [...codes].sort())
  const src = join(ROOT, 'pkg', 'src')
  const given = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...readFileSync(join(src, file), 'utf8').matchAll(/SecondpassError\(\s*'(\w+)',\s*(\d+)/g)])
  assert.ok(given.length > 20, `${given.length} places that throw`)
  for (const [, code, status] of given) assert.ok(described.get(code).statuses.includes(Number(status)), `errors.md lacks the status ${status} of ${code}`)
})

test('recipes are in alphabetical order', () => {
  const headings = [...guide('recipes.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
  assert.ok(headings.length > 10)
  assert.deepEqual(headings, [...headings].sort(new Intl.Collator('en').compare))
})

/** Compiles examples as modules of their own, against the built package and the real libraries. */
function compile(folder, languages, options) {
  const out = join(EXAMPLES, folder)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const chosen = blocks.filter(({ language, isFragment }) => languages.includes(language) && !isFragment)
  for (const [i, { file, language, code }] of chosen.entries()) writeFileSync(join(out, `${file.replace('.md', '')}-${i}.${language}`), code)
  const compilerOptions = {
    target: 'ES2022',
    module: 'ESNext',
    moduleResolution: 'Bundler',
    moduleDetection: 'force',
    lib: ['ES2022', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'],
    jsx: 'react-jsx',
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    paths: {
      '/secondpass/index.js': [join(ROOT, 'pkg', 'dist', 'index.d.ts')],
      '/pagefind/pagefind.js': [join(ROOT, 'tests', 'package', 'guide', 'pagefind.d.ts')],
    },
    ...options,
  }
  writeFileSync(join(out, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*'] }))
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', out, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: out,
  })
  assert.equal(status, 0, stdout)
  return chosen.length
}

test('the examples in TypeScript compile', () => {
  assert.ok(compile('typescript', TYPED, { strict: true, noUncheckedIndexedAccess: true }) >= 1)
})

test('the examples in JavaScript compile', () => {
  // Names, options and results are checked; what the DOM may lack, and types that only TypeScript could state, are not.
  assert.ok(compile('javascript', UNTYPED, { allowJs: true, checkJs: true, strict: false }) >= 20)
})

test('the first page names every entry of the package, and its command', () => {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8'))
  const entries = Object.keys(exports).filter((path) => exports[path].types)
  const wanted = [...entries.map((path) => path.replace('.', 'secondpass')), ...Object.keys(bin).map((name) => `npx ${name}`)]
  const named = [...guide('index.md').matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names]) => names.split(', '))
  assert.deepEqual(named.sort(), wanted.map((name) => `\`${name}\``).sort())
})

test('commands of the guide exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const { name } = JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8'))
  const subcommands = readdirSync(join(ROOT, 'src', 'cli')).map((file) => file.replace('.rs', ''))
  /** What each kind of command needs. */
  const exists = {
    'npm install': (what) => what === name,
    'npm run': (what) => what in scripts,
    npx: (what) => existsSync(join(ROOT, 'node_modules', '.bin', what)),
    node: (what) => existsSync(join(ROOT, what)),
    'cargo run --release --': (what) => subcommands.includes(what),
  }
  const lines = blocks
    .filter(({ language }) => SHELL.includes(language))
    .flatMap(({ file, code }) =>
      code
        .trim()
        .split('\n')
        .map((line) => ({ file, line })),
    )
  assert.ok(lines.length >= 5)
  for (const { file, line } of lines) {
    const kind = Object.keys(exists).find((start) => line.startsWith(`${start} `))
    assert.ok(kind, `${file}: nothing is known about ${line}`)
    const [what] = line.slice(kind.length).trim().split(/\s+/)
    assert.ok(exists[kind](what), `${file}: there is no ${what} for ${line}`)
  }
})

test('blocks of code name their language, and no page is of a mode that is not checked', () => {
  const known = [...SHELL, ...TYPED, ...UNTYPED, 'html', '']
  assert.deepEqual(
    blocks.filter(({ language }) => !known.includes(language)).map(({ file, language }) => `${relative(ROOT, join(GUIDE, file))}: ${language}`),
    [],
  )
})
