const documents = ['Paris is in France.', 'Jupiter is large.', 'Mars is red.', 'Saturn has rings.']

/** The three best documents. */
export async function search(cohere, query) {
  const { results } = await cohere.rerank({ model: 'rerank-v4.0-pro', query, documents, topN: 3 })
  return results.map(({ index, relevanceScore }) => ({ text: documents[index], score: relevanceScore }))
}
