// `secondpass index` and `secondpass search`: what is read of each kind of file, hostile files, and the index in a real page.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { SearchIndex } from 'secondpass/search'
import { has, ROOT } from '../../scripts/lib.mjs'
import { open } from '../browser/harness.mjs'
import { installPackage } from './installed.mjs'

const EMBEDDER = join(ROOT, 'tests', 'fixtures', 'embedding', 'bert-mean')
const RERANKER = join(ROOT, 'tests', 'fixtures', 'encoder', 'bert')
const FIELDS = ['title', 'heading', 'text']

let installed
let browser
let folder
before(async () => {
  installed = installPackage()
  browser = await open()
})
after(() => {
  installed?.remove()
  return browser?.close()
})
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'secondpass-site-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function site(files) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
}
const secondpass = (...args) => installed.secondpass(args, { cwd: folder })
async function succeeded(...args) {
  const run = await secondpass(...args)
  assert.equal(run.status, 0, run.stderr)
  return run
}
async function refused(status, message, ...args) {
  const run = await secondpass(...args)
  assert.equal(run.status, status, run.stdout + run.stderr)
  assert.match(run.stderr, message)
  assert.doesNotMatch(run.stderr, /^\s+at /m)
  assert.ok(!existsSync(join(folder, 'out.sp')), 'an index was written')
}

/** The documents of an index that hold the word "word", by their ids. */
async function documents(file = 'out.sp', fields = FIELDS, id = 'id') {
  const index = await SearchIndex.open('read', { fields, id, storage: 'memory' })
  await index.import(readFileSync(join(folder, file)))
  const { results } = await index.search('word', { top_n: 1000, limit: 1000 })
  index.dispose()
  return results.map(({ document }) => document).sort((a, b) => (String(a[id]) < String(b[id]) ? -1 : 1))
}

test('HTML: the main part, cut at headings, with their paths and anchors', async () => {
  site({
    'guide/index.html': `<!doctype html><html><head><title>Guide — Site word</title><style>word{}</style><script>word = '<h1>word</h1>'</script></head>
      <body><header><h1>Site word</h1></header><nav><ul><li>word</li></ul></nav>
      <main><h1>Guide <a class="headerlink" href="#guide" aria-label="link">¶</a></h1><p>Intro word &amp; more &lt;b&gt;.</p>
        <aside>Note word.</aside><template>word</template><noscript>word</noscript><p hidden>word</p><span aria-hidden="true">word</span>
        <h2 id="install">Install</h2><p>One word</p><p>Two <em>wo</em>rds word<br>three</p>
        <section id="linux"><h3>Linux</h3><pre>word -a
  word -b</pre></section>
        <h3><a name="mac"></a>macOS</h3><ul><li>word a<li>word b</ul><img alt="word picture" src="x.png">
        <h2>No anchor</h2><table><tr><th>word</th><td>cell</td></tr></table>
        <nav>word</nav><div role="navigation">word</div>
      </main><footer>word</footer></body></html>`,
    'a b/ä.html': '<title>Umlaut word</title><body><p>Body word, without main.</p><header>word header</header></body>',
    'article.html': '<title>T</title><div>outside word</div><article><h1>Article</h1><p>inside word</p></article>',
    'hidden.html': '<meta name="robots" content="noindex, follow"><p>word</p>',
    'robots.txt': 'word',
    'package.json': '{"word": 1}',
    '.git/word.md': 'word',
    'node_modules/x/readme.md': 'word',
  })
  const { stdout } = await succeeded('index', '.', '--out', 'out.sp', '--base-url', 'https://example.org/docs')
  assert.match(stdout, /^out\.sp: 7 documents of 4 files, \d+ kB\n$/)
  const base = 'https://example.org/docs/'
  const entry = (url, title, heading, text) => ({ id: base + url, url: base + url, title, heading, text })
  assert.deepEqual(await documents(), [
    entry('a%20b/%C3%A4.html', 'Umlaut word', '', 'Body word, without main.'),
    entry('article.html', 'Article', '', 'inside word'),
    entry('guide/', 'Guide', '', 'Intro word & more <b>.\nNote word.'),
    entry('guide/#install', 'Guide', 'Install', 'One word\nTwo words word\nthree'),
    entry('guide/#linux', 'Guide', 'Install › Linux', 'word -a\n  word -b'),
    entry('guide/#mac', 'Guide', 'Install › macOS', 'word a\nword b\nword picture'),
    { ...entry('guide/#mac~2', 'Guide', 'No anchor', 'word cell'), url: `${base}guide/#mac` },
  ])
})

test('Markdown and text: front matter, anchors as GitHub gives them, HTML within', async () => {
  site({
    'docs/README.md': '# Home word\n\nA word with `code` and a [link](x.md).\n',
    'docs/setup.md':
      '---\ntitle: "Set-up: the word"\ntags: [a]\n---\n\nBefore word.\n\n## What’s `new` in 2.0?\n\nword one\n\n## What’s `new` in 2.0?\n\nword two\n\n### <span>Größe</span> & more\n\n<details><summary>word three</summary>\n\nword four\n\n</details>\n\n<script>word</script>\n',
    'docs/notes.txt': 'A word of notes\n\nSecond word\nparagraph',
  })
  await succeeded('index', 'docs', '--out', 'out.sp')
  const entry = (url, title, heading, text) => ({ id: url, url, title, heading, text })
  assert.deepEqual(await documents(), [
    entry('/#home-word', 'Home word', '', 'A word with code and a link.'),
    entry('/notes.txt', 'A word of notes', '', 'A word of notes\nSecond word\nparagraph'),
    entry('/setup.html', 'Set-up: the word', '', 'Before word.'),
    entry(`/setup.html#${encodeURIComponent('größe--more')}`, 'Set-up: the word', 'What’s new in 2.0? › Größe & more', 'word three\nword four'),
    entry('/setup.html#whats-new-in-20', 'Set-up: the word', 'What’s new in 2.0?', 'word one'),
    entry('/setup.html#whats-new-in-20-1', 'Set-up: the word', 'What’s new in 2.0?', 'word two'),
  ])
})

/** Headings, in the order of a file, and the anchors that GitHub gives them. */
const GITHUB_ANCHORS = [
  ['Usage', 'usage'],
  ['Usage', 'usage-1'],
  ['Usage', 'usage-2'],
  ['createIndexFromFiles', 'createindexfromfiles'],
  ['\\_\\_proto\\_\\_', '__proto__'],
  ['\\_\\_proto\\_\\_', '__proto__-1'],
  ['constructor', 'constructor'],
  ['Step', 'step'],
  ['Step', 'step-1'],
  ['Step 1', 'step-1-1'],
  ['Step-1', 'step-1-2'],
  ['Step', 'step-2'],
  ['Part-1', 'part-1'],
  ['Part', 'part'],
  ['Part', 'part-2'],
  ['Before - after', 'before---after'],
  ['snake_case and `code_too`', 'snake_case-and-code_too'],
  ['What is new in 2.0?', 'what-is-new-in-20'],
  ['`index.add(documents, { signal })`', 'indexadddocuments--signal-'],
  ['A [link](x.md) and *emphasis*', 'a-link-and-emphasis'],
  ['C++ & C#', 'c--c'],
  ['Tom &amp; Jerry &lt;b&gt;', 'tom--jerry-b'],
  ['&#x20;space', '-space'],
  ['space&#x20;', 'space-'],
  ['-space', '-space-1'],
  ['It’s “quoted”', 'its-quoted'],
  ['1–2 — 3', '12--3'],
  ['I ♥ it', 'i--it'],
  ['🚀 Start', '-start'],
  ['🚀_🚀 Start', '_-start'],
  [':rocket: Start', 'rocket-start'],
  ['Größe und Maß', 'größe-und-maß'],
  ['Начало работы', 'начало-работы'],
  ['快速 开始', '快速-开始'],
  ['はじめに（１）', 'はじめに１'],
  ['시작하기', '시작하기'],
  ['خطوات البدء ٣', 'خطوات-البدء-٣'],
  ['कि खी गे ५', 'कि-खी-गे-५'],
  ['x² ½ ①y', 'x--y'],
  ['Ⅷ Ⓔ 🄺', 'ⅷ-ⓔ-🄺'],
  ['a‿b＿c', 'a‿b＿c'],
  ['5 € = 6 $', '5---6-'],
]

test('anchors of Markdown are those of GitHub', async () => {
  site({ 'a.md': GITHUB_ANCHORS.map(([heading], i) => `## ${heading}\n\nword number ${i}.\n`).join('\n') })
  await succeeded('index', 'a.md', '--out', 'out.sp')
  const found = new Map((await documents()).map(({ url, text }) => [Number(/\d+/.exec(text)[0]), decodeURIComponent(url.split('#')[1])]))
  for (const [i, [heading, anchor]] of GITHUB_ANCHORS.entries()) assert.equal(found.get(i), anchor, heading)
})

test('titles, headings and addresses have a limit; no anchor and no character is cut in two', async () => {
  // The limit lies between the halves of a character.
  const long = `x${'😀'.repeat(1000)}`
  site({
    'a.html': `<title>${'<'.repeat(10)}${long}</title><p>word one</p><h2 id="near">Near</h2><p>word two</p><h2 id="${'a'.repeat(1001)}">Far</h2><p>word three</p><h3>${long}</h3><p>word four</p>`,
    'b.html': `<title>${'&amp;'.repeat(5000)}</title><p>word five</p>`,
    'c.md': `---\ntitle: ${long}\n---\n\nword six\n\n# ${'y'.repeat(2000)}\n\nword seven\n`,
    'd.txt': `${long}\n\nword eight`,
    'e.html': `<title>${' '.repeat(3000)}After spaces</title><p>word nine</p>`,
  })
  await succeeded('index', '.', '--out', 'out.sp')
  const found = await documents()
  for (const { title, heading } of found) {
    assert.ok(title.length <= 1000 && heading.length <= 1010, `${title.length}, ${heading.length}`)
    for (const text of [title, heading]) assert.doesNotMatch(text, /\p{Surrogate}/u)
  }
  const by = (word) => found.find(({ text }) => text.includes(word))
  assert.equal(by('two').url, '/a.html#near')
  assert.deepEqual([by('three').url, by('three').id, by('three').heading], ['/a.html#near', '/a.html#near~2', 'Far'])
  assert.equal(by('five').title, '&'.repeat(1000))
  assert.equal(by('seven').url, '/c.html')
  assert.equal(by('nine').title, 'After spaces')
})

test('JSON and JSON Lines: documents as they are, fields with weights, ids of any name', async () => {
  site({
    'a.json': JSON.stringify([{ sku: 1, name: 'word spade', meta: { note: 'x' } }]),
    'b.json': JSON.stringify({ documents: [{ sku: 'b', name: 'word saw' }] }),
    'c.jsonl': '{"sku": "c1", "name": "word ü"}\r\n\n{"sku": "c2", "text": "word"}',
  })
  await succeeded('index', 'a.json', 'b.json', 'c.jsonl', '--out', 'out.sp', '--id', 'sku', '--fields', 'name:3,text')
  assert.deepEqual(await documents('out.sp', ['name', 'text'], 'sku'), [
    { sku: 1, name: 'word spade', meta: { note: 'x' } },
    { sku: 'b', name: 'word saw' },
    { sku: 'c1', name: 'word ü' },
    { sku: 'c2', text: 'word' },
  ])
})

test('long sections become passages that a model can read, without losing a word', async () => {
  const words = Array.from({ length: 3000 }, (_, i) => `w${i}`)
  site({
    'a.html': `<main><h1 id="a">Long word</h1><p>${words.slice(0, 1500).join(' ')}</p><p>${words.slice(1500).join(' ')}</p><p>${'😀'.repeat(2000)} word</p></main>`,
  })
  await succeeded('index', 'a.html', '--out', 'out.sp')
  const index = await SearchIndex.open('read', { fields: FIELDS, storage: 'memory' })
  await index.import(readFileSync(join(folder, 'out.sp')))
  const found = []
  for (let i = 1; index.get(i === 1 ? '/a.html#a' : `/a.html#a~${i}`); i++) found.push(index.get(i === 1 ? '/a.html#a' : `/a.html#a~${i}`))
  assert.equal(found.length, index.info.documents)
  assert.ok(found.length > 10)
  for (const { text, url } of found) assert.ok(text.length <= 1500 && url === '/a.html#a' && text.isWellFormed?.() !== false)
  const all = found.map(({ text }) => text).join(' ')
  assert.deepEqual(all.match(/w\d+/g), words)
  assert.equal(all.match(/😀/gu).length, 2000)
  index.dispose()
})

test('the same files give the same bytes, however they are named, and whatever order they are in', async () => {
  site({ 'b.html': '<h1>B</h1><p>word', 'a.html': '<h1>A</h1><p>word', 'c/d.md': '# D\n\nword' })
  await succeeded('index', '.', '--out', 'one.sp')
  await succeeded('index', 'c/d.md', 'b.html', 'a.html', '--out', 'two.sp')
  await succeeded('index', 'c', 'a.html', 'b.html', 'a.html', '--root', '.', '--out', 'three.sp')
  const bytes = ['one.sp', 'two.sp', 'three.sp'].map((name) => readFileSync(join(folder, name)))
  assert.ok(bytes[0].equals(bytes[1]) && bytes[0].equals(bytes[2]))
})

test('what cannot be told apart, found or read is refused by the name of its file', async () => {
  site({
    'a.md': '# A\n\nword',
    'sub/a.html': '<h1 id="a">A</h1><p>word',
    'twice.jsonl': '{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}',
    'without.jsonl': '{"id": 1, "text": "a"}\n{"name": "b"}',
    'broken.jsonl': '{"id": 1, "text": "a"}\n{"id": 2,',
    'list.jsonl': '[1]',
    'word.json': '"word"',
    'fields.json': '[{"id": 1, "name": "word"}]',
    'empty.html': '<nav>word</nav>',
    'page.pdf': 'word',
    'sub/none.bin': '',
  })
  writeFileSync(join(folder, 'latin.html'), Buffer.from('<p>gr\xfc\xdfe', 'latin1'))
  const out = ['--out', 'out.sp']
  await refused(1, /a\.md: its document "\/a\.html#a" is in a\.html too/, 'index', 'a.md', 'sub', ...out)
  await refused(1, /twice\.jsonl.*"1" is in it twice/, 'index', 'twice.jsonl', ...out)
  await refused(1, /without\.jsonl.*no "id"; name the field.*--id.*It has name/, 'index', 'without.jsonl', ...out)
  await refused(1, /broken\.jsonl, line 2: it is not JSON/, 'index', 'broken.jsonl', ...out)
  await refused(1, /list\.jsonl, line 1: a document is a JSON object/, 'index', 'list.jsonl', ...out)
  await refused(1, /word\.json: it must be a list of documents/, 'index', 'word.json', ...out)
  await refused(2, /no document has a field title, heading, text; name others with --fields\. There are name/, 'index', 'fields.json', ...out)
  await refused(1, /latin\.html: it is not UTF-8/, 'index', 'latin.html', ...out)
  await refused(1, /hold no text/, 'index', 'empty.html', ...out)
  await refused(2, /"page\.pdf" is of no kind that is read/, 'index', 'page.pdf', ...out)
  await refused(2, /not in the folder of --root/, 'index', 'a.md', '--root', 'sub', ...out)
  await refused(2, /--fields is "a:x"/, 'index', 'a.md', '--fields', 'a:x', ...out)
  await refused(2, /--dimensions is for vectors/, 'index', 'a.md', '--dimensions', '8', ...out)
})

test('hostile files end soon, in an index or in a sentence', async () => {
  const nested = '<div>'.repeat(100_000)
  site({
    'deep.html': nested,
    'script.html': `${'<script>'.repeat(1000)}${nested}`,
    'ends.html': `<p>word${'</x>'.repeat(200_000)}${'</p>'.repeat(200_000)}word`,
    'wide.html': `<p ${Array.from({ length: 50_000 }, (_, i) => `a${i}="word"`).join(' ')}>word`,
    'headings.html': '<h1 id="x">word</h1>'.repeat(20_000),
    'entities.html': `<p>${'&notaword;&#1114112;&#x0;&lt;script&gt;'.repeat(20_000)}`,
    'tags.html': '<'.repeat(300_000),
    'comment.html': `<p>word<!--${'-'.repeat(300_000)}`,
    'proto.html': '<p id="__proto__" constructor="x" __proto__="y">word</p><h2 id="__proto__">word</h2><p>word</p>',
    'marks.md': `${'*_['.repeat(30_000)}\n\n${'> '.repeat(20_000)}word\n\n${'#'.repeat(10_000)}\n\n---\n${'- '.repeat(5000)}`,
    'front.md': `---\n${'title: '.repeat(50_000)}\n`,
    'long.jsonl': `{"id": 1, "text": "${'word '.repeat(4 << 20)}"}`,
    'nested.json': `[{"id": 1, "text": "word", "deep": ${'['.repeat(100_000)}${']'.repeat(100_000)}}]`,
    'proto.json': '[{"id": "__proto__", "text": "word", "__proto__": {"x": 1}}, {"id": "constructor", "text": "word"}]',
  })
  const start = performance.now()
  await refused(1, /deep\.html: its elements are more than 1000 deep/, 'index', 'deep.html', '--out', 'out.sp')
  await refused(1, /long\.jsonl: a line has more than/, 'index', 'long.jsonl', '--out', 'out.sp')
  await refused(1, /nested\.json: /, 'index', 'nested.json', '--out', 'out.sp')
  const fine = ['ends', 'wide', 'headings', 'entities', 'tags', 'comment', 'proto', 'script'].map((name) => `${name}.html`)
  const { stdout } = await secondpass('index', ...fine, 'marks.md', 'front.md', '--out', 'all.sp')
  assert.match(stdout, /documents of 10 files/)
  await succeeded('index', 'proto.json', '--out', 'proto.sp')
  assert.equal((await documents('proto.sp')).length, 2)
  assert.ok(performance.now() - start < 60_000, 'it took too long')
})

test('folders that hold themselves are read once', async () => {
  site({ 'a/b/page.html': '<h1>P</h1><p>word' })
  symlinkSync(join(folder, 'a'), join(folder, 'a', 'b', 'loop'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'a', 'broken.html'))
  const { stdout } = await succeeded('index', 'a', '--out', 'out.sp')
  assert.match(stdout, /1 document of 1 file,/)
})

test('ways without end through links, and files without end, are refused', { skip: !has('mkfifo') && 'there is no mkfifo' }, async () => {
  for (let i = 0; i < 40; i++) mkdirSync(join(folder, 'links', `f${i}`), { recursive: true })
  for (let i = 0; i < 39; i++) for (const name of ['a', 'b']) symlinkSync(join(folder, 'links', `f${i + 1}`), join(folder, 'links', `f${i}`, name))
  site({ 'links/f39/page.html': '<h1>P</h1><p>word' })
  await refused(1, /links lead to the same folders more than 10000 times/, 'index', 'links', '--out', 'out.sp')
  spawnSync('mkfifo', [join(folder, 'pipe.md')])
  await refused(2, /"pipe\.md" is neither a file nor a folder/, 'index', 'pipe.md', '--out', 'out.sp')
})

test('an index that cannot be written leaves the old one, and no part of a new one', async () => {
  site({ 'a.html': '<h1>A</h1><p>word', 'out.sp/keep': '' })
  const run = await secondpass('index', 'a.html', '--out', 'out.sp')
  assert.equal(run.status, 1)
  assert.match(run.stderr, /out\.sp could not be written/)
  assert.ok(existsSync(join(folder, 'out.sp', 'keep')))
  assert.deepEqual(readdirSync(folder).sort(), ['a.html', 'out.sp'])
})

test('search: results with their places, and stages in JSON; control characters of a foreign index do nothing', async () => {
  site({ 'a.jsonl': '{"id": "1", "title": "Ba\\u001b[2Jker", "text": "bread rises"}\n{"id": "2", "title": "Smith", "text": "iron glows"}' })
  await succeeded('index', 'a.jsonl', '--out', 'out.sp')
  const text = await succeeded('search', 'out.sp', 'bread')
  assert.match(text.stdout, /^1\. Ba \[2Jker {2}\(0\.0\d+: keywords 1\)\n {3}1\n {3}bread rises\n$/)
  const { results, stages } = JSON.parse((await succeeded('search', 'out.sp', 'iron', '--json', '--top-n', '1')).stdout)
  assert.deepEqual([results.length, results[0].id, stages[0].stage], [1, '2', 'keywords'])
  const none = await succeeded('search', 'out.sp', 'zzz')
  assert.deepEqual([none.stdout, none.stderr], ['', 'Nothing was found.\n'])
  const bytes = readFileSync(join(folder, 'out.sp'))
  bytes[bytes.length - 20] ^= 255
  writeFileSync(join(folder, 'damaged.sp'), bytes)
  const damaged = await secondpass('search', 'damaged.sp', 'x')
  assert.equal(damaged.status, 1)
  assert.match(damaged.stderr, /^secondpass: The exported index cannot be used/)
})

test('nothing foreign reaches a terminal as it is: ids, addresses, messages, JSON; what is long is cut', async () => {
  // To write, to a terminal that knows C1, and half of a character.
  const [osc, csi] = ['\x1b]0;own\x07', '\x9b2J']
  const lines = [
    { id: `a${osc}${csi}`, text: `${'x'.repeat(159)}😀 word`, url: `/u${csi}\n2. forged` },
    { id: 'b', title: `t${osc}`.repeat(500), text: `${'\n'.repeat(2000)}word ${csi}` },
  ]
  site({
    'a.jsonl': lines.map((line) => JSON.stringify(line)).join('\n'),
    'twice.jsonl': `${JSON.stringify(lines[0])}\n${JSON.stringify(lines[0])}`,
    'names.jsonl': JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`n${i}${osc}${'z'.repeat(500)}`, 1]))),
    'broken.jsonl': `{"id": ${osc}`,
  })
  await succeeded('index', 'a.jsonl', '--out', 'a.sp')
  const { stdout } = await succeeded('search', 'a.sp', 'word')
  assert.doesNotMatch(stdout, /[^\P{Cc}\n]/u)
  assert.doesNotMatch(stdout, /\ufffd/)
  assert.equal(stdout.match(/^\d\. /gm).length, 2, stdout)
  assert.match(stdout, /\n {3}\/u 2J 2\. forged\n {3}x{159}…\n/)
  assert.match(stdout, /^\d\. t \]0;own t.*… {2}\(.*\n {3}b\n {3}word 2J$/m)
  for (const line of stdout.split('\n')) assert.ok(line.length < 300, line)
  const json = await succeeded('search', 'a.sp', 'word', '--json')
  assert.doesNotMatch(json.stdout, /[^\P{Cc}\n]/u)
  assert.deepEqual(
    JSON.parse(json.stdout)
      .results.map(({ document }) => document)
      .sort((one, other) => (one.id < other.id ? -1 : 1)),
    lines,
  )
  for (const [name, message] of [
    ['twice', /its document "a \]0;own 2J" is in it twice/],
    ['names', /It has n0 .* and 480 others/],
    ['broken', /not JSON/],
  ]) {
    const { status, stderr } = await secondpass('index', `${name}.jsonl`, '--out', 'out.sp')
    assert.equal(status, 1)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /[^\P{Cc}\n]/u)
    assert.ok(stderr.length < 3000, `${stderr.length} characters`)
  }
})

test('an index that is longer than any is refused before it is read', async () => {
  writeFileSync(join(folder, 'long.sp'), '')
  truncateSync(join(folder, 'long.sp'), 2 ** 30 + 1)
  const run = await secondpass('search', 'long.sp', 'x')
  assert.equal(run.status, 1)
  assert.match(run.stderr, /cannot be used: it has more than 1073741824 bytes/)
})

test('an index with vectors in a real page: nothing is embedded again, and what is found is what the command finds', async () => {
  site({
    'index.html': '<main><h1>Planets</h1><p>Mars is red.</p><h2 id="big">Large ones</h2><p>Jupiter is large.</p></main>',
    'moon.md': '# Moon\n\nThe moon circles the earth.\n\n## Phases\n\nIt waxes and wanes.',
  })
  const { stdout } = await succeeded('index', '.', '--embedder', EMBEDDER, '--out', 'out.sp', '--base-url', '/docs/')
  assert.match(stdout, /4 documents of 2 files, 4 vectors of 48 values/)
  const query = 'which planet is red'
  const models = ['--embedder', EMBEDDER, '--model', RERANKER]
  const search = async (...more) => JSON.parse((await succeeded('search', 'out.sp', query, '--json', ...more)).stdout).results
  const here = { keywords: await search(), vectors: await search('--embedder', EMBEDDER), reranked: await search(...models) }

  const bytes = readFileSync(join(folder, 'out.sp'))
  const host = browser.host({ handle: (_, __, response) => response.writeHead(200, { 'content-length': bytes.length }).end(bytes) })
  const served = await succeeded('search', browser.url + host, query, '--json')
  assert.deepEqual(
    JSON.parse(served.stdout).results.map(({ id }) => id),
    here.keywords.map(({ id }) => id),
  )
  const page = await browser.page()
  const there = await page.evaluate(
    async ({ url, query, fields }) => {
      const { SearchIndex } = await import('/dist/search/index.js')
      const loaded = await secondpass.Embedder.load({ model: '/fixtures/embedding/bert-mean/', device: 'cpu' })
      const asked = []
      const embedder = { info: loaded.info, embed: (request, control) => (asked.push(request), loaded.embed(request, control)) }
      const reranker = await secondpass.Reranker.load({ model: '/fixtures/encoder/bert/', device: 'cpu' })
      const index = await SearchIndex.open('site', { fields, embedder, reranker })
      const replaced = await index.import(url)
      const { info } = index
      const [keywords, vectors, reranked] = [
        await index.search(query, { mode: 'keywords', rerank: false }),
        await index.search(query, { rerank: false }),
        await index.search(query),
      ].map(({ results }) => results)
      return { replaced, info, keywords, vectors, reranked, inputs: asked.map(({ input_type, input }) => [input_type, input]) }
    },
    { url: host, query, fields: FIELDS },
  )
  assert.equal(there.replaced, true)
  assert.deepEqual([there.info.documents, there.info.vectors, there.info.missing, there.info.warnings], [4, { text: 4 }, 0, []])
  // Queries alone: the vectors of the documents are those of the file.
  assert.deepEqual([...new Set(there.inputs.map(([type]) => type))], ['query'])
  for (const stage of ['keywords', 'vectors', 'reranked']) {
    assert.deepEqual(
      there[stage].map(({ id, document, ranks }) => ({ id, document, ranks })),
      here[stage].map(({ id, document, ranks }) => ({ id, document, ranks })),
      stage,
    )
    there[stage].forEach(({ score }, i) => assert.ok(Math.abs(score - here[stage][i].score) < 1e-5, stage))
  }
  assert.equal(here.reranked.length, 4)
  await page.close()
})

test('a page has no folders: cache: { folder } is refused there', async () => {
  const page = await browser.page()
  const error = await page.evaluate(() =>
    secondpass.Reranker.load({ model: '/models/tiny-tied', cache: { folder: 'models' } }).then(
      () => 'loaded',
      ({ code, message }) => `${code}: ${message}`,
    ),
  )
  assert.match(error, /^invalid_request: .*a page has no folders/)
  await page.close()
})
