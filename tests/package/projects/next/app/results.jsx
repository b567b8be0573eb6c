'use client'
import { useEffect, useState } from 'react'
import { Reranker } from 'secondpass'

export function Results() {
  const [results, setResults] = useState(null)
  useEffect(() => {
    Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
      .then((reranker) => reranker.rerank({ query: 'red planet', documents: ['Mars is red.', 'Saturn has rings.'] }))
      .then(
        ({ results }) => {
          setResults(results)
          console.log(JSON.stringify({ results }))
        },
        (error) => console.log(JSON.stringify({ error: error.message })),
      )
  }, [])
  return (
    <ol>
      {results?.map(({ index, relevance_score }) => (
        <li key={index}>
          {index} {relevance_score}
        </li>
      ))}
    </ol>
  )
}
