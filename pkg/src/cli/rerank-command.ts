// `secondpass rerank`
import type { RerankRequest } from '../types.js'
import type { Arguments, CommandSpec } from './arguments.js'
import { LOAD_OPTIONS, MODEL_VALUE, modelOptions, PICTURE_OPTIONS } from './model-arguments.js'
import { Reranker } from './package.js'
import { readRequestBody } from './request-input.js'
import type { CommandRun } from './run.js'
import { jsonText } from './terminal-text.js'
import { UsageError } from './usage-error.js'

export const RERANK_COMMAND: CommandSpec = {
  name: 'rerank',
  summary: 'Score documents against a query; prints the response of /v1/rerank as JSON',
  usage: `--model ${MODEL_VALUE} (--request FILE|- | --query TEXT --document TEXT …)`,
  options: {
    model: { value: MODEL_VALUE, help: 'Model: a folder of config.json, tokenizer.json and safetensors, or a .gguf file' },
    request: { value: 'FILE', help: "File with the request's JSON, or - for standard input" },
    query: { value: 'TEXT', help: 'The query, instead of a request' },
    document: { value: 'TEXT', repeated: true, help: 'A document, instead of a request; give it once for each' },
    'top-n': { value: 'N', help: 'How many results (default: all)' },
    instruction: { value: 'TEXT', help: 'The task, in a sentence, for models that take one' },
    'return-documents': { help: 'Print the document with each result' },
    'raw-scores': { help: 'The scores that the checkpoint’s authors publish, instead of 0 to 1' },
    strict: { help: 'Fail if any document cannot be scored, instead of listing it in meta.failed' },
    ...LOAD_OPTIONS,
    ...PICTURE_OPTIONS,
    help: { help: 'Print this' },
  },
  examples: `
Examples:
  npx secondpass rerank --model hf:cross-encoder/ettin-reranker-32m-v1 --query 'capital of China' --document 'Paris is in France.' --document 'Beijing is the capital of China.'
  echo '{"query": "capital of China", "documents": ["Beijing", "Paris"], "top_n": 1}' | npx secondpass rerank --model hf:cross-encoder/ettin-reranker-32m-v1 --request -

The request is the body of a /v1/rerank call: query, documents, and optionally instruction, top_n, return_documents,
raw_scores, max_tokens_per_doc, max_length, fps, max_frames. A vision model also takes pictures and videos, as URLs, or as
paths relative to the request's file:
  {"query": "a cat", "documents": [{"image": "cat.jpg"}, {"text": "A dog.", "image": ["a.png", "b.png"]}]}

A model is downloaded once, and kept for the next run. secondpass models lists models to start with.`,
}

export async function runRerank(args: Arguments, { signal, progress }: CommandRun): Promise<void> {
  const model = args.required('model', '--model hf:cross-encoder/ettin-reranker-32m-v1')
  const options = await modelOptions(args, model)
  const request = (await requestOf(args, signal)) as unknown as RerankRequest
  const reranker = await Reranker.load(options, { signal, onProgress: ({ overall }) => progress.report(overall.label, overall.fraction) })
  try {
    let scored = 0
    const onResult = () => progress.report('scoring', ++scored / request.documents.length)
    const response = await reranker.rerank(request, { signal, onResult, strict: args.flag('strict') })
    progress.clear()
    console.log(jsonText(response, 2))
  } finally {
    reranker.dispose()
  }
}

async function requestOf(args: Arguments, signal: AbortSignal): Promise<Record<string, unknown>> {
  if (args.positionals.length > 0)
    throw new UsageError(`"${args.positionals[0]}" belongs to no option; write --query TEXT --document TEXT, with quotes around each text`)
  const [query, documents, topN, instruction] = [args.text('query'), args.texts('document'), args.count('top-n'), args.text('instruction')]
  const body = await readRequestBody(args, signal)
  if (body && (query !== undefined || documents.length > 0))
    throw new UsageError('--request holds the query and the documents; leave --query and --document out')
  if (!body && query === undefined) throw new UsageError('the query is missing; write --query TEXT --document TEXT, or --request FILE')
  if (!body && documents.length === 0) throw new UsageError('there is no document; write --document TEXT for each, or --request FILE')
  return {
    ...(body ?? { query, documents }),
    ...(topN !== undefined && { top_n: topN }),
    ...(instruction !== undefined && { instruction }),
    ...(args.flag('return-documents') && { return_documents: true }),
    ...(args.flag('raw-scores') && { raw_scores: true }),
  }
}
