// Makes the index of the demo's documentation tab: `www/collections/python.sp`, with keywords and vectors, and what the page must know of it.
//
//   node scripts/demo-index.mjs passages.jsonl --threshold 0.3      # passages as training/text/demo_passages.py writes them
//
// The package must have been built, and the embedder must lie in www/model.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FIELDS } from '../www/src/documents/fields.js'
import { fail, ROOT } from './lib.mjs'

const EMBEDDER = join(ROOT, 'www', 'model', 'all-MiniLM-L6-v2-Q8_0.gguf')
const FOLDER = join(ROOT, 'www', 'collections')

const { positionals, values } = parseArgs({ allowPositionals: true, options: { threshold: { type: 'string' } } })
if (positionals.length !== 1 || values.threshold === undefined) fail('Usage: node scripts/demo-index.mjs passages.jsonl --threshold SCORE')
const passages = readFileSync(positionals[0], 'utf8').trim().split('\n').map(JSON.parse)

const { Embedder } = await import('../pkg/dist/index.js')
const { SearchIndex } = await import('../pkg/dist/search/index.js')
const embedder = await Embedder.load({ model: EMBEDDER })
const index = await SearchIndex.open('python', { fields: FIELDS, embedder, storage: 'memory' })
let shown = 0
await index.add(passages, {
  onProgress: ({ stage, loaded, total }) => {
    if (stage !== 'embed' || (loaded - shown < 500 && loaded < total)) return
    shown = loaded
    console.log(`${loaded} of ${total} vectors`)
  },
})
const file = Buffer.from(await (await index.export()).arrayBuffer())
writeFileSync(join(FOLDER, 'python.sp'), file)
const about = { passages: passages.length, identity: embedder.info.identity, threshold: Number(values.threshold) }
writeFileSync(join(FOLDER, 'python.json'), `${JSON.stringify(about, null, 2)}\n`)
console.log(`${passages.length} passages, ${file.length.toLocaleString('en')} bytes`)
index.dispose()
embedder.dispose()
