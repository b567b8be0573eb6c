// What the files of a site may hold at most. A file beyond it is refused, so that a wrong or hostile one cannot take all memory or time.

/** Bytes of one page. */
export const MAX_PAGE_BYTES = 32 << 20
/** Bytes of one file of JSON, which is parsed as a whole; of JSON Lines the documents have limits, and the file none. */
export const MAX_JSON_BYTES = 256 << 20
/** How deep elements may be in each other. Browsers stop at 512. */
export const MAX_ELEMENT_DEPTH = 1000
/** How deep folders may be in each other. */
export const MAX_FOLDER_DEPTH = 64
/** How often links may lead to folders that were walked already: from few of them there can be ways without end. */
export const MAX_FOLDERS_AGAIN = 10_000
/** Files of one index. */
export const MAX_FILES = 200_000
/** Characters of a passage: what a model of 512 tokens reads. Longer sections become several. */
export const PASSAGE_CHARACTERS = 1500
/** Characters of a title, a heading or an address. */
export const MAX_LABEL = 1000
