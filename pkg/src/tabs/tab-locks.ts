// Web Locks among tabs: the browser releases those of a tab that ends, however it ends.

/** A lock that this tab has. */
export interface TabLock {
  release(): void
  /** Resolves if another tab takes it away. */
  readonly stolen: Promise<void>
}

/** Waits for a lock, or takes it from whoever has it. */
export function takeLock(name: string, how: { signal?: AbortSignal; steal?: boolean } = {}): Promise<TabLock> {
  return new Promise((resolve, reject) => {
    let release!: () => void
    const held = new Promise<void>((done) => {
      release = done
    })
    // It is rejected while it waits by an abort, and later only if it is stolen.
    const stolen = new Promise<void>((done) => {
      navigator.locks
        .request(name, how, () => {
          resolve({ release, stolen })
          return held
        })
        .catch((error) => {
          reject(error)
          done()
        })
    })
  })
}
