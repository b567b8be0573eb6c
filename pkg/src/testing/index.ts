// `secondpass/testing`: a reranker and an embedder without a model, for the tests of a page that uses them.

export { FakeEmbedder, type FakeEmbedderSettings } from './fake-embedder.js'
export { type CallRecord, type Failure, type FakeSettings, Held } from './fake-model.js'
export { FakeReranker, type FakeRerankerSettings } from './fake-reranker.js'
export { wordOverlap } from './words.js'
