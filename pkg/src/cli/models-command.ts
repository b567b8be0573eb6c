// `secondpass models`
import type { Arguments, CommandSpec } from './arguments.js'
import { CACHE_OPTION, cacheFolder, HUB_OPTION, hubOf, modelAddress } from './model-arguments.js'
import { cache, models, type PublishedModel } from './package.js'
import type { CommandRun } from './run.js'
import { jsonText, oneLine } from './terminal-text.js'
import { UsageError } from './usage-error.js'

export const MODELS_COMMAND: CommandSpec = {
  name: 'models',
  summary: 'List models to choose from, and those that are stored on this machine',
  usage: '[--stored | --remove MODEL]',
  options: {
    language: { value: 'CODE', help: 'Only those for a language, by its ISO 639-1 code: de' },
    commercial: { help: 'Only those whose licence allows commercial use' },
    stored: { help: 'What is stored on this machine instead' },
    remove: { value: 'MODEL', help: 'Remove what is stored of a model, by the address it was loaded from' },
    ...HUB_OPTION,
    ...CACHE_OPTION,
    json: { help: 'Print JSON' },
    help: { help: 'Print this' },
  },
  examples: `
Examples:
  npx secondpass models --commercial
  npx secondpass models --language ja --json
  npx secondpass models --stored

What the first column says is loaded with --model hf:NAME.`,
}

export async function runModels(args: Arguments, { progress }: CommandRun): Promise<void> {
  if (args.positionals.length > 0) throw new UsageError(`"${args.positionals[0]}" is not understood; secondpass models --help says what is`)
  const [remove, options] = [args.text('remove'), { cache: { folder: cacheFolder(args) } }]
  if (remove !== undefined) {
    const removed = await cache.delete(await modelAddress(remove), { ...options, hub: hubOf(args) })
    progress.note(removed === 0 ? `Nothing of ${remove} is stored in ${options.cache.folder}.` : `${removed} files were removed.`)
  } else if (args.flag('stored')) printStored(await cache.list(options), options.cache.folder, args)
  else printModels(chosen(args), args)
}

function chosen(args: Arguments): PublishedModel[] {
  const language = args.text('language')?.toLowerCase()
  const reads = ({ languages }: PublishedModel) => language === undefined || languages.includes(language) || languages.includes('mul')
  return models.filter((model) => reads(model) && (model.commercial || !args.flag('commercial')))
}

function printModels(list: readonly PublishedModel[], args: Arguments): void {
  if (args.flag('json')) return console.log(jsonText(list, 2))
  const rows = list.map(({ id, approximate_bytes, licence, good_for, start_with }) => [
    id,
    size(approximate_bytes),
    licence,
    start_with ? `Start here: ${good_for}` : good_for,
  ])
  console.log(table([['NAME', 'SIZE', 'LICENCE', 'GOOD FOR'], ...rows]))
}

function printStored(files: Awaited<ReturnType<typeof cache.list>>, folder: string, args: Arguments): void {
  if (args.flag('json')) return console.log(jsonText(files, 2))
  if (files.length === 0) return console.log(`Nothing is stored in ${folder}.`)
  console.log(
    table([
      ['ADDRESS', 'SIZE', 'STORED'],
      ...files.map(({ url, bytes, stored, complete }) => [oneLine(url, ADDRESS), size(bytes), complete ? 'all' : size(stored)]),
    ]),
  )
}

/** Characters of an address. */
const ADDRESS = 2048

const size = (bytes: number) =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`

function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
