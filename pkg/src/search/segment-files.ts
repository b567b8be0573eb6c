// The names of a log's files, which of them hold, and which are merged.
import { MAX_SEGMENT_BYTES, MAX_SEGMENTS } from './limits.js'
import type { LogRecord } from './segment.js'

/** A file of the log, by its name: the numbers of the first and the last file that were merged into it, or twice its own. */
export interface SegmentFile {
  name: string
  first: number
  last: number
}

/** A file that holds, with its bytes. */
export interface LiveSegment extends SegmentFile {
  size: number
}

interface LoadedSegment {
  records: LogRecord[]
  complete: boolean
  size: number
}

/** Fewer files than this are not worth merging. */
const MERGED_FILES = 8
/** An index that is smaller than this is not rewritten for what is obsolete in it. */
const SMALL_BYTES = 1 << 20

const digits = (n: number) => String(n).padStart(10, '0')
export const nameOf = (first: number, last: number) => `${digits(first)}-${digits(last)}.log`

/** What a name says; undefined for other files. */
export function segmentOf(name: string): SegmentFile | undefined {
  const [, first, last] = /^(\d{10})-(\d{10})\.log$/.exec(name) ?? []
  const file = { name, first: Number(first), last: Number(last) }
  return first !== undefined && file.first >= 1 && file.last >= file.first && file.last < 2 ** 32 ? file : undefined
}

/**
 * Finds the files that hold, in their order. A merged file replaces those that went into it, which are removed only when it is
 * complete: where both are there, it counts if its end is there.
 */
export async function resolveSegments(
  files: readonly SegmentFile[],
  load: (file: SegmentFile) => Promise<LoadedSegment>,
): Promise<{ live: (SegmentFile & { loaded?: LoadedSegment })[]; superseded: string[] }> {
  const live: (SegmentFile & { loaded?: LoadedSegment })[] = []
  const superseded: string[] = []
  let rest = [...files].sort((a, b) => a.first - b.first || b.last - a.last)
  for (let file = rest.shift(); file; file = rest.shift()) {
    const { first, last } = file
    const inside = rest.filter((other) => other.first >= first && other.last <= last)
    if (inside.length === 0) {
      live.push(file)
      continue
    }
    const loaded = await load(file)
    if (loaded.complete) {
      live.push({ ...file, loaded })
      superseded.push(...inside.map(({ name }) => name))
      rest = rest.filter((other) => !inside.includes(other))
    } else superseded.push(file.name)
  }
  return { live, superseded }
}

/**
 * Which files to merge: the newest ones, each not larger than all that are newer than it, once there are several. So a record is
 * copied about as often as the logarithm of their number says. All of them where more than half is obsolete, or there are too many.
 */
export function mergeable(segments: readonly LiveSegment[], liveBytes: number): readonly LiveSegment[] {
  const total = segments.reduce((sum, { size }) => sum + size, 0)
  const fits = total <= MAX_SEGMENT_BYTES
  if (fits && (segments.length > MAX_SEGMENTS || total > 2 * liveBytes + SMALL_BYTES)) return segments
  let newer = 0
  let count = 0
  for (const { size } of [...segments].reverse()) {
    if ((count > 0 && size > newer) || newer + size > MAX_SEGMENT_BYTES) break
    newer += size
    count++
  }
  return count >= MERGED_FILES ? segments.slice(-count) : []
}
