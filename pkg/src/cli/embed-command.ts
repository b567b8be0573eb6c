// `secondpass embed`
import type { EmbeddingPrompts, EmbedRequest } from '../embed-types.js'
import type { Arguments, CommandSpec, OptionSpec } from './arguments.js'
import { LOAD_OPTIONS, MODEL_VALUE, modelOptions, PICTURE_OPTIONS } from './model-arguments.js'
import { Embedder } from './package.js'
import { readRequestBody } from './request-input.js'
import type { CommandRun } from './run.js'
import { jsonText } from './terminal-text.js'
import { UsageError } from './usage-error.js'

/** The words before a text, where the files of an embedding model do not give them. */
export const PROMPT_OPTIONS: Record<string, OptionSpec> = {
  'query-prompt': { value: 'TEXT', help: "Words before each query, if the model's files do not give them" },
  'document-prompt': { value: 'TEXT', help: "Words before each document, if the model's files do not give them" },
}

export function promptsOf(args: Arguments): { prompts?: EmbeddingPrompts } {
  const [query, document] = [args.text('query-prompt'), args.text('document-prompt')]
  if (query === undefined && document === undefined) return {}
  return { prompts: { ...(query !== undefined && { query }), ...(document !== undefined && { document }) } }
}

export const EMBED_COMMAND: CommandSpec = {
  name: 'embed',
  summary: 'Turn texts and pictures into vectors; prints the response of /v1/embeddings as JSON',
  usage: `--model ${MODEL_VALUE} (--request FILE|- | --input TEXT …)`,
  options: {
    model: { value: MODEL_VALUE, help: 'Embedding model: a folder of config.json, tokenizer.json and safetensors, or a .gguf file' },
    request: { value: 'FILE', help: "File with the request's JSON, or - for standard input" },
    input: { value: 'TEXT', repeated: true, help: 'A text, instead of a request; give it once for each' },
    'input-type': { value: 'TYPE', help: 'What the inputs are to a search: query or document' },
    instruction: { value: 'TEXT', help: 'The task, in a sentence' },
    dimensions: { value: 'N', help: 'How many values of each vector are kept, of models that were trained for it' },
    'encoding-format': { value: 'FORMAT', help: 'float, base64, int8, binary or ubinary (default: float)' },
    strict: { help: 'Fail if any input cannot be read, instead of listing it in meta.failed' },
    ...PROMPT_OPTIONS,
    ...LOAD_OPTIONS,
    ...PICTURE_OPTIONS,
    help: { help: 'Print this' },
  },
  examples: `
Examples:
  npx secondpass embed --model hf:sentence-transformers/all-MiniLM-L6-v2 --input 'Beijing is the capital of China.' --input-type document
  echo '{"input": ["a planet", "a page"], "encoding_format": "int8"}' | npx secondpass embed --model hf:sentence-transformers/all-MiniLM-L6-v2 --request -

The request is the body of a /v1/embeddings call: input (a text or a list), and optionally input_type, instruction,
dimensions, encoding_format, max_length. Pooling, norm and the words before a text are read from the model's files.`,
}

export async function runEmbed(args: Arguments, { signal, progress }: CommandRun): Promise<void> {
  const model = args.required('model', '--model hf:sentence-transformers/all-MiniLM-L6-v2')
  const options = { ...(await modelOptions(args, model)), ...promptsOf(args) }
  const request = (await requestOf(args, signal)) as unknown as EmbedRequest
  const embedder = await Embedder.load(options, { signal, onProgress: ({ overall }) => progress.report(overall.label, overall.fraction) })
  try {
    const inputs = Array.isArray(request.input) ? request.input.length : 1
    let made = 0
    const onResult = () => progress.report('embedding', ++made / inputs)
    const response = await embedder.embed(request, { signal, onResult, strict: args.flag('strict') })
    progress.clear()
    console.log(jsonText(response))
  } finally {
    embedder.dispose()
  }
}

async function requestOf(args: Arguments, signal: AbortSignal): Promise<Record<string, unknown>> {
  if (args.positionals.length > 0) throw new UsageError(`"${args.positionals[0]}" belongs to no option; write --input TEXT, with quotes around the text`)
  const [input, instruction, dimensions] = [args.texts('input'), args.text('instruction'), args.count('dimensions')]
  const inputType = args.choice('input-type', ['query', 'document'])
  const format = args.choice('encoding-format', ['float', 'base64', 'int8', 'binary', 'ubinary'])
  const body = await readRequestBody(args, signal)
  if (body && input.length > 0) throw new UsageError('--request holds the input; leave --input out')
  if (!body && input.length === 0) throw new UsageError('there is no input; write --input TEXT for each text, or --request FILE')
  return {
    ...(body ?? { input }),
    ...(inputType && { input_type: inputType }),
    ...(instruction !== undefined && { instruction }),
    ...(dimensions !== undefined && { dimensions }),
    ...(format && { encoding_format: format }),
  }
}
