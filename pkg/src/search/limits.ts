// What an index and its files may hold at most. Files are refused beyond it, so that a damaged or hostile one cannot ask for all memory.

/** Bytes of one document as JSON. */
export const MAX_DOCUMENT_BYTES = 16 << 20
/** Bytes of an id in UTF-8. */
export const MAX_KEY_BYTES = 2048
/** Documents of one index: their ids alone are then a hundred megabytes. */
export const MAX_INDEXED = 2_000_000
/** Numbers of one vector. */
export const MAX_DIMENSIONS = 16_384
/** Keyword fields, and vector fields. */
export const MAX_FIELDS = 32
/** Characters of a vector field's name, and of what its vectors depend on. */
export const MAX_NAME = 256
export const MAX_PRINT = 8192
/** Bytes of one record, and of one file of the log. Files are not merged beyond it. */
export const MAX_RECORD_BYTES = MAX_DOCUMENT_BYTES + MAX_KEY_BYTES + 64
export const MAX_SEGMENT_BYTES = 1 << 29
/** Bytes of an exported index, before and after it is decompressed. */
export const MAX_ARCHIVE_BYTES = 1 << 30
export const MAX_ARCHIVE_HEADER_BYTES = 1 << 20
/** Files of a log; with more all are merged. */
export const MAX_SEGMENTS = 48
/** Candidates that one search may rerank. */
export const MAX_CANDIDATES = 1000
