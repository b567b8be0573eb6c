// The arguments of a command: read by its table of options, which its help is written from too.
import { parseArgs } from 'node:util'
import { nearestName } from '../spelling.js'
import { UsageError } from './usage-error.js'

/** An option of a command. Without `value` it is a switch. */
export interface OptionSpec {
  /** What stands behind it, as the help prints it: `FILE`. */
  value?: string
  /** Whether it may be given several times. */
  repeated?: boolean
  help: string
}

/** A command: what it is, how it is called, and what its help teaches. */
export interface CommandSpec {
  name: string
  /** One line, for the list of commands. */
  summary: string
  /** The arguments behind the name, as the help prints them. */
  usage: string
  options: Record<string, OptionSpec>
  /** Commands that run as they stand, and what there is to know. */
  examples: string
}

/** The arguments of a call. An absent option is undefined; a repeated one is a list. */
export class Arguments {
  constructor(
    readonly positionals: readonly string[],
    private readonly values: Record<string, string | boolean | (string | boolean)[] | undefined>,
  ) {}

  text(name: string): string | undefined {
    const value = this.values[name]
    return typeof value === 'string' ? value : undefined
  }

  texts(name: string): string[] {
    const value = this.values[name]
    return Array.isArray(value) ? value.map(String) : []
  }

  flag(name: string): boolean {
    return this.values[name] === true
  }

  required(name: string, example: string): string {
    const value = this.text(name)
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing; write ${example}`)
    return value
  }

  /** A whole number of at least 1. */
  count(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = Number(value)
    if (value.trim() === '' || !Number.isSafeInteger(number) || number < 1) throw new UsageError(`--${name} is "${value}"; give a whole number, 1 or more`)
    return number
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name)
    if (value === undefined || (choices as readonly string[]).includes(value)) return value as Choice | undefined
    throw new UsageError(`--${name} is "${value}"; there ${choices.length === 1 ? 'is only' : 'are'} ${choices.join(', ')}`)
  }
}

/** Reads arguments. What is unknown or incomplete is refused with what to write. */
export function readArguments({ name, options }: CommandSpec, given: readonly string[]): Arguments {
  const known = Object.fromEntries(
    Object.entries(options).map(([option, { value, repeated }]) => [
      option,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: repeated ?? false },
    ]),
  )
  const { tokens } = parseArgs({ args: [...given], options: known, strict: false, allowPositionals: true, tokens: true })
  const values: ConstructorParameters<typeof Arguments>[1] = {}
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (!spec) throw new UsageError(unknownOption(name, token.rawName, Object.keys(options)))
    if (spec.value === undefined && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`)
    if (spec.value !== undefined && token.value === undefined) throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${spec.value}`)
    const value = token.value ?? true
    if (spec.repeated) values[token.name] = [...((values[token.name] as string[] | undefined) ?? []), value]
    else if (Object.hasOwn(values, token.name)) throw new UsageError(`${token.rawName} is given twice`)
    else values[token.name] = value
  }
  return new Arguments(positionals, values)
}

function unknownOption(command: string, raw: string, known: string[]): string {
  const meant = nearestName(raw.replace(/^-+/, ''), known)
  return `secondpass ${command} has no option ${raw}${meant ? `; did you mean --${meant}?` : `; secondpass ${command} --help lists them`}`
}

/** The help of a command. */
export function helpOf({ name, summary, usage, options, examples }: CommandSpec): string {
  const rows = Object.entries(options).map(([option, { value, help }]) => [`  --${option}${value === undefined ? '' : ` ${value}`}`, help] as const)
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  const listed = rows.map(([left, help]) => `${left.padEnd(width)}${help}`)
  return `${summary}\n\nUsage: secondpass ${name} ${usage}\n\nOptions:\n${listed.join('\n')}\n\n${examples.trim()}\n`
}
