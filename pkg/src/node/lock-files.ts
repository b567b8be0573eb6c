// The files by which processes lock what they write in a folder: where they are, and what is in them.
import { joinPath, nodeFiles, tried } from './file-system.js'

/** Who holds a lock: a thread of a process of a machine. */
export interface LockOwner {
  host: string
  pid: number
  thread: string
}

/** The folder of the lock files. */
export const lockFolder = (folder: string): string => joinPath(folder, 'locks')

/** What a lock's file holds. `count` tells two locks of one thread apart. */
export const lockText = ({ host, pid, thread }: LockOwner, count: number): string => JSON.stringify([host, pid, thread, count])

/** Who holds a lock; undefined while its file is being written. */
export function lockOwner(text: string): LockOwner | undefined {
  try {
    const [host, pid, thread] = JSON.parse(text)
    return { host, pid, thread }
  } catch {
    return undefined
  }
}

/** Removes the locks of a thread that has ended: it was stopped in the middle, so it could not. */
export function removeLocks(folder: string, { host, pid, thread }: LockOwner): void {
  const files = nodeFiles()
  // What cannot be read or removed others find not to be renewed any more.
  tried(() => {
    for (const name of files.readdirSync(lockFolder(folder))) {
      tried(() => {
        const path = joinPath(lockFolder(folder), name)
        const owner = lockOwner(files.readFileSync(path, 'utf8'))
        if (owner?.host === host && owner.pid === pid && owner.thread === thread) files.unlinkSync(path)
      })
    }
  })
}
