// Locks among all processes that use a folder, with the interface of Web Locks. A lock is a file that its holder touches again and
// again, so that others see when the holder is gone: Node has no locks that the system releases.
import { joinPath, nodeFiles, systemCode, tried } from './file-system.js'
import { type LockOwner, lockFolder, lockOwner, lockText } from './lock-files.js'

/** How often a lock's file is touched. */
const BEAT_MS = 1000
/** A lock whose file was not touched for so long is nobody's: longer than any pause of a thread that loads a model. */
const STALE_MS = 15_000
/** The same, where its process is known to have ended. Not at once: a process of another container may have the same number. */
const DEAD_MS = 2500
/** How often a lock that another has is tried again. */
const RETRY_MS = 50
/** Of several that take a lock over, the last one has it: so long each waits until it looks. */
const SETTLE_MS = 100
/** Windows says EPERM of a file that is just being removed. After so many tries, two seconds, it is not that: nobody may write there. */
const MOST_DENIED = 40

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export class FolderLocks {
  readonly #folder: string
  readonly #owner: LockOwner
  readonly #held = new Set<string>()
  #count = 0
  #beat: ReturnType<typeof setInterval> | undefined

  constructor(folder: string, owner: LockOwner) {
    this.#folder = lockFolder(folder)
    this.#owner = owner
    nodeFiles().mkdirSync(this.#folder, { recursive: true })
  }

  /** As `navigator.locks.request`: calls back when the lock is had, and releases it when what that returns has settled. */
  async request<T>(name: string, callback: () => T | PromiseLike<T>): Promise<T> {
    const path = joinPath(this.#folder, `${encodeURIComponent(name)}.lock`)
    const text = lockText(this.#owner, this.#count++)
    await this.#acquire(path, text)
    this.#hold(path)
    try {
      return await callback()
    } finally {
      this.#release(path, text)
    }
  }

  async #acquire(path: string, text: string): Promise<void> {
    for (let denied = 0; ; await sleep(RETRY_MS)) {
      try {
        if (create(path, text) || (isAbandoned(path, this.#owner.host) && (await takeOver(path, text)))) return
        denied = 0
      } catch (error) {
        if (systemCode(error) !== 'EPERM') throw error
        // The engine's error is then `storage_failed`, with this message.
        if (++denied > MOST_DENIED) throw new Error(`${(error as Error).message}; let this user write there, or name another folder`)
      }
    }
  }

  #hold(path: string): void {
    this.#held.add(path)
    this.#beat ??= setInterval(() => this.#held.forEach(touch), BEAT_MS)
  }

  #release(path: string, text: string): void {
    this.#held.delete(path)
    if (this.#held.size === 0) {
      clearInterval(this.#beat)
      this.#beat = undefined
    }
    // Another may have taken it over from a process that was stopped for long. A lock that cannot be removed is nobody's when it is
    // not touched any more; what was done under it is done.
    tried(() => {
      if (textOf(path) === text) nodeFiles().unlinkSync(path)
    })
  }
}

function create(path: string, text: string): boolean {
  try {
    nodeFiles().writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

function isAbandoned(path: string, host: string): boolean {
  const touched = ignoringAbsence(() => nodeFiles().statSync(path).mtimeMs)
  if (touched === undefined) return false
  const age = Date.now() - touched
  if (age > STALE_MS) return true
  const owner = lockOwner(textOf(path) ?? '')
  return age > DEAD_MS && owner?.host === host && !runs(owner.pid)
}

/** Whether it is ours now: another may have done the same at the same moment. */
async function takeOver(path: string, text: string): Promise<boolean> {
  const files = nodeFiles()
  const own = `${path}.${crypto.randomUUID()}`
  files.writeFileSync(own, text, { flag: 'wx' })
  try {
    files.renameSync(own, path)
  } finally {
    // Where it was not renamed.
    tried(() => files.unlinkSync(own))
  }
  await sleep(SETTLE_MS)
  return textOf(path) === text
}

function runs(pid: number): boolean {
  try {
    ;(globalThis as unknown as { process: { kill(pid: number, signal: 0): void } }).process.kill(pid, 0)
    return true
  } catch (error) {
    // It runs, and belongs to another user.
    return systemCode(error) !== 'ESRCH'
  }
}

/** An error here, in a timer, would end the thread. */
function touch(path: string): void {
  const now = new Date()
  tried(() => nodeFiles().utimesSync(path, now, now))
}

const textOf = (path: string): string | undefined => ignoringAbsence(() => nodeFiles().readFileSync(path, 'utf8'))

function ignoringAbsence<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return undefined
  }
}
