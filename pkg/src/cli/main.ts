#!/usr/bin/env node
// The command `secondpass` of the npm package: which command is meant, its help, Ctrl+C, errors in a sentence, exit status.
import { readFileSync } from 'node:fs'
import { nearestName } from '../spelling.js'
import { type Arguments, type CommandSpec, helpOf, readArguments } from './arguments.js'
import { EMBED_COMMAND, runEmbed } from './embed-command.js'
import { INDEX_COMMAND, runIndex } from './index-command.js'
import { MODELS_COMMAND, runModels } from './models-command.js'
import { ProgressLine } from './progress-line.js'
import { RERANK_COMMAND, runRerank } from './rerank-command.js'
import type { CommandRun } from './run.js'
import { runSearch, SEARCH_COMMAND } from './search-command.js'
import { withoutControls } from './terminal-text.js'
import { UsageError } from './usage-error.js'

const COMMANDS: readonly { spec: CommandSpec; run: (args: Arguments, run: CommandRun) => Promise<void> }[] = [
  { spec: RERANK_COMMAND, run: runRerank },
  { spec: EMBED_COMMAND, run: runEmbed },
  { spec: INDEX_COMMAND, run: runIndex },
  { spec: SEARCH_COMMAND, run: runSearch },
  { spec: MODELS_COMMAND, run: runModels },
]
/** As shells count them: 128 and the number of the signal. */
const STOPPED = { SIGINT: 130, SIGTERM: 143 } as const

const overview = () => `Reranks search results with cross-encoders, and makes search indexes of sites.

Usage: secondpass COMMAND [OPTIONS]

Commands:
${COMMANDS.map(({ spec: { name, summary } }) => `  ${name.padEnd(8)}${summary}`).join('\n')}

Getting started:
  npx secondpass rerank --model hf:cross-encoder/ettin-reranker-32m-v1 --query 'capital of China' --document 'Paris is in France.' --document 'Beijing is the capital of China.'

secondpass COMMAND --help says more, with examples. Results go to standard output, progress and errors to standard error.
Exit status: 0 success, 1 failure, 2 unknown or invalid arguments, 130 stopped by Ctrl+C.
`

async function main(given: readonly string[]): Promise<void> {
  const [first, ...rest] = given
  if (first === undefined) throw new UsageError(`no command is named\n\n${overview()}`)
  if (first === '--version' || first === '-V') return console.log(`secondpass ${version()}`)
  const named = first === 'help' ? rest[0] : first
  if (named === undefined || named === '--help' || named === '-h') return void process.stdout.write(overview())
  const command = COMMANDS.find(({ spec }) => spec.name === named)
  if (!command) throw new UsageError(unknownCommand(named))
  if (first === 'help' || rest.includes('--help') || rest.includes('-h')) return void process.stdout.write(helpOf(command.spec))
  await stoppable(command.run, readArguments(command.spec, rest))
}

/** Ctrl+C cancels the work, and what is stored stays; the second one ends the process at once. */
async function stoppable(run: (args: Arguments, run: CommandRun) => Promise<void>, args: Arguments): Promise<void> {
  const controller = new AbortController()
  const progress = new ProgressLine()
  const stop = (name: NodeJS.Signals) => {
    const status = STOPPED[name as keyof typeof STOPPED]
    if (controller.signal.aborted) process.exit(status)
    process.exitCode = status
    controller.abort(new Error('stopped'))
  }
  const names = Object.keys(STOPPED)
  for (const name of names) process.on(name, stop)
  try {
    await run(args, { signal: controller.signal, progress })
  } catch (error) {
    if (!controller.signal.aborted) throw error
    progress.note('secondpass: stopped')
  } finally {
    progress.clear()
    // What may still end by itself is ended by the next one as any process is.
    for (const name of names) process.off(name, stop)
  }
}

function unknownCommand(name: string): string {
  const names = COMMANDS.map(({ spec }) => spec.name)
  const native = ['convert', 'inspect', 'verify', 'eval'].includes(name)
  if (native) return `"${name}" is a command of the native secondpass, which is built from the repository; here are ${names.join(', ')}`
  const meant = nearestName(name, names)
  return `there is no command "${name}"; ${meant ? `did you mean ${meant}?` : `there are ${names.join(', ')}`}`
}

const version = (): string => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

// A reader that has had enough, such as `head`, is no failure.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 1))
// Nor is one that does not want to be told how far it is; the work goes on.
process.stderr.on('error', () => {})

try {
  // Node 20.16 has it; the types think that every one does.
  if (typeof process.getBuiltinModule !== 'function') throw new Error('this Node is too old; install Node 20.16 or newer')
  await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1
  console.error(`secondpass: ${withoutControls((error as Error).message)}`)
}
