// Functions of the caller's that are told what happens.

/** The same callback for work that must not end with an exception of the callback's: it is reported as an uncaught error instead. */
export function guarded<Value>(callback: (value: Value) => void): (value: Value) => void {
  return (value) => {
    try {
      callback(value)
    } catch (error) {
      reported(error)
    }
  }
}

function reported(error: unknown): void {
  if (typeof reportError === 'function') return reportError(error)
  queueMicrotask(() => {
    throw error
  })
}
