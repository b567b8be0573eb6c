// How the documentation is indexed: by the page, and by scripts/demo-index.mjs, which builds the index ahead.

/** Headings count twice, as they say what a passage is about. */
export const FIELDS = { title: 2, text: 1 }
