// `secondpass search`: an index that was made ahead, tried on the command line.
import { readFile, stat } from 'node:fs/promises'
import { fieldsOfArchive } from './archive-fields.js'
import type { Arguments, CommandSpec } from './arguments.js'
import { PROMPT_OPTIONS, promptsOf } from './embed-command.js'
import { fieldsOf } from './fields-argument.js'
import { LOAD_OPTIONS, MODEL_VALUE, modelOptions } from './model-arguments.js'
import { Embedder, type IndexProgress, Reranker, type SearchHit, SearchIndex, SecondpassError } from './package.js'
import type { CommandRun } from './run.js'
import { UsageError } from './usage-error.js'

export const SEARCH_COMMAND: CommandSpec = {
  name: 'search',
  summary: 'Try an index on the command line: by keywords, by vectors, and reranked',
  usage: 'search.sp QUERY',
  options: {
    'top-n': { value: 'N', help: 'How many results (default: 10)' },
    fields: { value: 'LIST', help: 'Fields with weights, as the page has them: title:2,text (default: those of the index)' },
    embedder: { value: MODEL_VALUE, help: 'The embedding model that made the vectors of the index' },
    dimensions: { value: 'N', help: 'As it was given when the index was made' },
    model: { value: MODEL_VALUE, help: 'A model that reranks what was found' },
    ...PROMPT_OPTIONS,
    ...LOAD_OPTIONS,
    json: { help: 'Print the whole response as JSON' },
    help: { help: 'Print this' },
  },
  examples: `
Examples:
  npx secondpass search dist/search.sp 'how to install'
  npx secondpass search dist/search.sp 'how to install' --model hf:cross-encoder/ettin-reranker-32m-v1
  npx secondpass search dist/search.sp 'how to install' --embedder hf:sentence-transformers/all-MiniLM-L6-v2 --json

The index is a file that secondpass index wrote, or SearchIndex.export, or its URL. Results come in the order in which a page would show
them; the ranks say which stage put a result where it is.`,
}

export async function runSearch(args: Arguments, { signal, progress }: CommandRun): Promise<void> {
  const [source, query, ...more] = args.positionals
  if (source === undefined || query === undefined) throw new UsageError("write secondpass search search.sp 'how to install'")
  if (more.length > 0) throw new UsageError(`"${more[0]}" is one too many; write quotes around the query`)
  const archive = await readArchive(source, signal)
  const { id, fields } = await fieldsOfArchive(archive)
  const onProgress = ({ overall }: { overall: { label: string; fraction: number } }) => progress.report(overall.label, overall.fraction)
  const [embedderName, rerankerName, dimensions] = [args.text('embedder'), args.text('model'), args.count('dimensions')]
  const embedder =
    embedderName === undefined ? undefined : await Embedder.load({ ...(await modelOptions(args, embedderName)), ...promptsOf(args) }, { signal, onProgress })
  let reranker: Reranker | undefined
  let index: SearchIndex | undefined
  try {
    reranker = rerankerName === undefined ? undefined : await Reranker.load(await modelOptions(args, rerankerName), { signal, onProgress })
    const given = args.text('fields')
    const models = { ...(embedder && { embedder }), ...(reranker && { reranker }), ...(dimensions && { dimensions }) }
    index = await SearchIndex.open('search', { fields: given === undefined ? fields : fieldsOf(given), id, storage: 'memory', ...models })
    const onStep = ({ stage, loaded, total }: IndexProgress) => progress.report(stage === 'embed' ? 'making vectors' : 'reading the index', loaded / total)
    await index.import(archive, { signal, onProgress: onStep })
    const response = await index.search(query, { signal, top_n: args.count('top-n') ?? 10, onStage: ({ stage }) => progress.report(stage) })
    for (const warning of [...new Set([...index.info.warnings, ...response.warnings])]) progress.note(`warning: ${warning}`)
    progress.clear()
    if (args.flag('json')) return console.log(JSON.stringify(response, null, 2))
    if (response.results.length === 0) return progress.note('Nothing was found.')
    console.log(response.results.map((hit, i) => described(hit, i, Object.keys(fields))).join('\n\n'))
  } finally {
    index?.dispose()
    reranker?.dispose()
    embedder?.dispose()
  }
}

async function readArchive(source: string, signal: AbortSignal): Promise<Blob> {
  if (!/^https?:/i.test(source)) {
    const found = await stat(source).catch(() => undefined)
    if (!found?.isFile()) throw new UsageError(`there is no file "${source}"; secondpass index makes one`)
    return new Blob([await readFile(source)])
  }
  try {
    const response = await fetch(source, { signal })
    if (!response.ok) throw new Error(`its host answered ${response.status}`)
    return await response.blob()
  } catch (error) {
    signal.throwIfAborted()
    throw new SecondpassError(
      'network',
      503,
      `The index at ${source} could not be fetched: ${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}`,
    )
  }
}

/** How much of a text is printed. */
const SNIPPET = 160

function described({ id, document, score, ranks }: SearchHit<Record<string, unknown>>, position: number, fields: readonly string[]): string {
  const words = (name: string) => (typeof document[name] === 'string' ? oneLine(document[name] as string) : '')
  const heading = [words('title'), words('heading')].filter((part) => part !== '').join(' › ')
  const text =
    fields
      .filter((name) => name !== 'title' && name !== 'heading')
      .map(words)
      .find((part) => part !== '') ?? ''
  const from = (['keywords', 'vectors', 'reranked'] as const).flatMap((stage) => (ranks[stage] === undefined ? [] : [`${stage} ${ranks[stage]}`]))
  const head = `${position + 1}. ${heading || id}  (${score.toPrecision(3)}: ${from.join(', ')})`
  const snippet = text.length > SNIPPET ? `${[...text.slice(0, SNIPPET)].join('')}…` : text
  return [head, `   ${words('url') || id}`, ...(snippet === '' ? [] : [`   ${snippet}`])].join('\n')
}

/** Control characters of a foreign index could move the cursor of a terminal. */
const oneLine = (text: string) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
