// The package's entries, each fetched when it is first needed. Their addresses are relative to the page's scripts, which all lie beside it.

/** Rerankers, embedders, and what is stored. */
export const library = () => import('./secondpass/index.js')

/** The search index. */
export const searchLibrary = () => import('./secondpass/search/index.js')

/** Frames of clips. */
export const videoLibrary = () => import('./secondpass/video/index.js')

/** The catalogue of published models. */
export const catalogueLibrary = () => import('./secondpass/models.js')
