// A reranker that compares words.
import { guarded } from '../callbacks.js'
import { readRequest, snapshot } from '../content/request.js'
import { asObject } from '../content/schema.js'
import { SecondpassError } from '../entry/published.js'
import { Reranker } from '../index.js'
import { checkRerankControl } from '../load-checks.js'
import type { LoadOptions } from '../reranker.js'
import type { RerankerLike } from '../reranker-like.js'
import type { ScoreControl, ScoreRequest, ScoreResponse } from '../score.js'
import type { LoadControl, RerankControl, RerankerInfo, RerankRequest, RerankResponse, RerankResult } from '../types.js'
import { checking, FAKE_INFO, FakeModel, type FakeSettings, loadFake, noTime, usageOf } from './fake-model.js'
import { textOf, wordOverlap } from './words.js'

/** How a {@link FakeReranker} behaves. */
export interface FakeRerankerSettings extends FakeSettings<RerankRequest> {
  /** The score of a document, from 0 to 1. Default {@link wordOverlap}. */
  score?: (query: string, document: string, index: number) => number
  /** Whether a document has no score, as one with a broken picture: it is then in `meta.failed`. */
  failDocument?: (document: RerankRequest['documents'][number], index: number) => { code: SecondpassError['code']; message: string } | undefined
  /** What `info` says otherwise than a small model on the CPU. */
  info?: Partial<RerankerInfo>
}

/** Scores nearer to 0 or 1 than this have a finite logit all the same. */
const EDGE = 1e-9

/**
 * A `Reranker` without a model, for unit tests: requests are checked as they are by the real one, and scores are the same in every run.
 *
 * ```ts
 * const reranker = new FakeReranker()
 * await searchPage(reranker).submit('red planet')
 * expect(reranker.requests[0].request.query).toBe('red planet')
 * ```
 *
 * Where the code under test loads its own: `vi.mock('secondpass', async (real) => ({ ...(await real()), Reranker: FakeReranker.with({ loadMs: 50 }) }))`.
 */
export class FakeReranker extends FakeModel<RerankRequest, RerankControl, FakeRerankerSettings> implements RerankerLike {
  /** What is loaded, as `Reranker.info` says it. */
  readonly info: RerankerInfo

  constructor(settings: FakeRerankerSettings = {}) {
    super(settings)
    this.info = { ...INFO, ...settings.info }
  }

  /** As `Reranker.load`: checks the options, and reports progress. */
  static async load(options: LoadOptions, control: LoadControl = {}): Promise<FakeReranker> {
    return loadFake(KIND, {}, options, control)
  }

  /** A class whose `load` gives fakes with these settings, to stand in the place of `Reranker`. `made` holds what it has loaded. */
  static with(settings: FakeRerankerSettings): typeof FakeReranker & { readonly made: FakeReranker[] } {
    const made: FakeReranker[] = []
    return class extends FakeReranker {
      static readonly made = made
      static override async load(options: LoadOptions, control: LoadControl = {}): Promise<FakeReranker> {
        const fake = await loadFake(KIND, settings, options, control)
        made.push(fake)
        return fake
      }
    }
  }

  /** Scores documents against a query. */
  async rerank(given: RerankRequest, control: RerankControl = {}): Promise<RerankResponse> {
    const request = snapshot(given, 'documents')
    const { query, documents } = checked(request, control)
    const signal = await this.begin(request, control)
    const report = control.onResult && guarded(control.onResult)
    const results: RerankResult[] = []
    const failed: NonNullable<RerankResponse['meta']['failed']> = []
    for (const [index, document] of documents.entries()) {
      const failure = this.settings.failDocument?.(request.documents[index] as RerankRequest['documents'][number], index)
      if (failure && control.strict) throw new SecondpassError(failure.code, 400, failure.message)
      if (failure) failed.push({ index, ...failure })
      else results.push(this.#scored(query, document, index, request.raw_scores === true))
      // A callback may abort.
      if (!failure) report?.({ ...(results.at(-1) as RerankResult) })
      signal.throwIfAborted()
    }
    return this.#answer(request, results, failed, [query, ...documents])
  }

  /** Scores pairs: with the real one's method, which needs nothing of a reranker but `rerank`. */
  score(request: ScoreRequest, control: ScoreControl = {}): Promise<ScoreResponse> {
    return Reranker.prototype.score.call(this as unknown as Reranker, request, control)
  }

  #scored(query: string, document: string, index: number, raw: boolean): RerankResult {
    const score = (this.settings.score ?? wordOverlap)(query, document, index)
    if (!(score >= 0 && score <= 1)) throw new SecondpassError('invalid_request', 400, `invalid request: score() gave ${score}, not a number from 0 to 1`)
    const inside = Math.min(1 - EDGE, Math.max(EDGE, score))
    const logit = Math.log(inside / (1 - inside))
    return { index, relevance_score: raw ? logit : score, logit }
  }

  #answer(request: RerankRequest, results: RerankResult[], failed: NonNullable<RerankResponse['meta']['failed']>, texts: string[]): RerankResponse {
    results.sort((a, b) => (b.logit as number) - (a.logit as number) || a.index - b.index)
    if (request.top_n) results.length = Math.min(results.length, request.top_n)
    if (request.return_documents) for (const result of results) result.document = asObject(request.documents[result.index])
    return {
      id: `rerank-${this.requests.length}`,
      model: this.info.model,
      results,
      usage: usageOf(texts),
      meta: {
        device: this.info.device,
        cached_tokens: 0,
        timings: noTime(),
        warnings: [],
        ...(failed.length > 0 && { failed }),
      },
    }
  }
}

const KIND = { call: 'Reranker.load', make: (settings: FakeRerankerSettings) => new FakeReranker(settings) }

/** The texts of a request, refused in the words of the real one where it would refuse them. */
function checked(request: RerankRequest, control: RerankControl): { query: string; documents: string[] } {
  return checking(() => {
    checkRerankControl(control)
    const { query, documents } = readRequest(request, (picture) => picture, 'similar')
    return { query: textOf(query), documents: documents.map(textOf) }
  })
}

const INFO: RerankerInfo = { ...FAKE_INFO, activation: 'sigmoid' }
