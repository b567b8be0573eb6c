// The engine's limits (src/api/limits.rs), for what is left out of a request instead of failing it.

/** Documents of a request. */
export const MAX_DOCUMENTS = 1000
/** The body of a request. */
export const MAX_BODY_BYTES = 64 << 20
/** The text of one document. */
export const MAX_TEXT_BYTES = 4 << 20

const encoder = new TextEncoder()
/** No character of UTF-16 has more bytes in UTF-8. */
const MOST_BYTES = 3

/** Whether a text has more bytes than that. */
export const isLonger = (text: string, bytes: number): boolean => text.length * MOST_BYTES > bytes && encoder.encode(text).length > bytes
