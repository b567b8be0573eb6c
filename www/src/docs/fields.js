// How the guide is indexed: by its pages, and by scripts/docs.mjs, which builds the index ahead.

/** Weights of a passage's fields. */
export const FIELDS = { heading: 3, page: 2, text: 1 }
