// Writes the tables of models in README.md from pkg/src/models.json. With `--check` it fails if they are out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ROOT } from './lib.mjs'

const PAGE = join(ROOT, 'README.md')
const CATALOGUE = join(ROOT, 'pkg', 'src', 'models.json')

/** Each table stands between two comments with its name. */
const TABLES = { models: modelsTable, gguf: ggufTable }

/** All models, from the smallest on. */
export function modelsTable(models) {
  const rows = models.map((model) => [
    model.start_with ? `**${link(model)}**` : link(model),
    model.start_with ? `**Start here for ${model.start_with}.** ${model.good_for}` : model.good_for,
    languages(model.languages),
    count(model.parameters),
    size(model.approximate_bytes),
    model.context_tokens.toLocaleString('en'),
    model.commercial ? model.licence : `**${model.licence}**`,
  ])
  return table(['model', 'good for', 'languages', 'parameters', 'download', 'tokens', 'licence'], rows)
}

/** The sizes of those that are published as GGUF or that `secondpass convert` is meant for. */
export function ggufTable(models) {
  const rows = models
    .filter(({ gguf }) => gguf)
    .map(({ gguf: { address, approximate_bytes: file, approximate_vision_bytes: vision }, ...model }) => [
      link(model),
      ...['q8_0', 'q4_0'].map((type) => (vision ? `${gigabytes(file[type])} + ${gigabytes(vision[type])} GB` : `${gigabytes(file[type])} GB`)),
      address ? `[${new URL(address).pathname.split('/')[1]}](${repository(address)})` : '',
    ])
  return table(['model', 'Q8_0', 'Q4_0', 'published in Q8_0 by'], rows)
}

const link = ({ id }) => `[${id.split('/')[1]}](https://huggingface.co/${id})`
const repository = (address) => address.slice(0, address.indexOf('/resolve/'))
const gigabytes = (bytes) => String(Number((bytes / 1e9).toFixed(2)))
const size = (bytes) => (bytes < 999.5e6 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`)

function count(parameters) {
  if (parameters >= 999.5e6) return `${(parameters / 1e9).toFixed(1)} B`
  return `${(parameters / 1e6).toFixed(parameters < 10e6 ? 1 : 0)} M`
}

function languages(codes) {
  const names = new Intl.DisplayNames('en', { type: 'language' })
  if (codes.includes('mul')) return 'many'
  return codes.length > 2 ? String(codes.length) : codes.map((code) => names.of(code)).join(', ')
}

/** A table in Markdown. */
export function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((row) => (row[0] === '---' ? `|${row.join('|')}|` : `| ${row.join(' | ')} |`)).join('\n')
}

/** The page with its tables as the catalogue has them. */
export function page() {
  const { models } = JSON.parse(readFileSync(CATALOGUE, 'utf8'))
  let text = readFileSync(PAGE, 'utf8')
  for (const [name, render] of Object.entries(TABLES)) {
    const between = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[^]*?(<!-- /${name} -->)`)
    if (!between.test(text)) throw new Error(`${basename(PAGE)} has no place for the table "${name}"`)
    text = text.replace(between, (_, start, end) => `${start}\n${render(models)}\n\n${end}`)
  }
  return text
}

function main(check) {
  const text = page()
  if (!check) return writeFileSync(PAGE, text)
  if (readFileSync(PAGE, 'utf8') === text) return
  console.error(`${basename(PAGE)} is out of date: run node scripts/${basename(fileURLToPath(import.meta.url))}`)
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.includes('--check'))
