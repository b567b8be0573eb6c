/** One step of work on an index. */
export interface IndexProgress {
  /**
   * `store`: documents that are stored and survive the page; `keywords`: documents in the keyword index; `embed`: vectors that are
   * made and stored; `rebuild`: the vectors are those of another model, and are made anew; `download`: bytes of an exported index.
   */
  stage: 'store' | 'keywords' | 'embed' | 'rebuild' | 'download'
  loaded: number
  /** As far as it is known. */
  total: number
  /** Why, for `rebuild`. */
  message?: string
}

/** Progress and cancellation of work on an index. */
export interface IndexControl {
  /** Stops the work. What has been stored stays. */
  signal?: AbortSignal
  /** Called after each step. */
  onProgress?: (progress: IndexProgress) => void
}
