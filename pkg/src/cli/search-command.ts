// `secondpass search`: an index that was made ahead, tried on the command line.
import { fieldsOfArchive } from './archive-fields.js'
import type { Arguments, CommandSpec } from './arguments.js'
import { PROMPT_OPTIONS, promptsOf } from './embed-command.js'
import { fieldsOf } from './fields-argument.js'
import { LOAD_OPTIONS, MODEL_VALUE, modelOptions } from './model-arguments.js'
import { Embedder, type IndexProgress, Reranker, type SearchHit, SearchIndex } from './package.js'
import { readArchive } from './read-archive.js'
import type { CommandRun } from './run.js'
import { jsonText, oneLine } from './terminal-text.js'
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
    if (args.flag('json')) return console.log(jsonText(response, 2))
    if (response.results.length === 0) return progress.note('Nothing was found.')
    console.log(response.results.map((hit, i) => described(hit, i, Object.keys(fields))).join('\n\n'))
  } finally {
    index?.dispose()
    reranker?.dispose()
    embedder?.dispose()
  }
}

/** How much of a text is printed, and of an id or an address, which is of use only as a whole. */
const [SNIPPET, ADDRESS] = [160, 2048]

function described({ id, document, score, ranks }: SearchHit<Record<string, unknown>>, position: number, fields: readonly string[]): string {
  const words = (name: string, most = SNIPPET) => (typeof document[name] === 'string' ? oneLine(document[name] as string, most) : '')
  const name = oneLine(String(id), ADDRESS)
  const heading = [words('title'), words('heading')].filter((part) => part !== '').join(' › ')
  const text =
    fields
      .filter((field) => field !== 'title' && field !== 'heading')
      .map((field) => words(field))
      .find((part) => part !== '') ?? ''
  const from = (['keywords', 'vectors', 'reranked'] as const).flatMap((stage) => (ranks[stage] === undefined ? [] : [`${stage} ${ranks[stage]}`]))
  const head = `${position + 1}. ${heading || name}  (${score.toPrecision(3)}: ${from.join(', ')})`
  return [head, `   ${words('url', ADDRESS) || name}`, ...(text === '' ? [] : [`   ${text}`])].join('\n')
}
