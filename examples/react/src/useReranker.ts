import { useCallback, useEffect, useState } from 'react'
import { type ProgressEvent, Reranker } from 'secondpass'

interface LoadState {
  reranker?: Reranker
  progress?: ProgressEvent
  error?: Error
}

export interface RerankerState extends LoadState {
  /** Loads again after an error. */
  retry: () => void
}

/** Loads the model at this address, and frees it when the address changes or the component unmounts. `null` loads nothing. */
export function useReranker(model: string | null): RerankerState {
  const [state, setState] = useState<LoadState>({})
  const [attempt, setAttempt] = useState(0)
  const retry = useCallback(() => setAttempt((count) => count + 1), [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` is there to run the effect again.
  useEffect(() => {
    if (model === null) return
    const controller = new AbortController()
    const { signal } = controller
    const update = (next: LoadState) => {
      if (!signal.aborted) setState(next)
    }
    const loading = Reranker.load({ model }, { signal, onProgress: (progress) => update({ progress }) })
    loading.then(
      (reranker) => update({ reranker }),
      (error: Error) => update({ error }),
    )
    return () => {
      controller.abort()
      setState({})
      // An aborted load rejects; one that was complete holds a worker and its memory.
      loading.then(
        (reranker) => reranker.dispose(),
        () => {},
      )
    }
  }, [model, attempt])

  return { ...state, retry }
}
