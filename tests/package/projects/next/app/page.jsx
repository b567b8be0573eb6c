import { Reranker } from 'secondpass'
import { createRerankHandler } from 'secondpass/http'
import { Results } from './results'

// Rendered on the server: the import must not look for a browser.
export default function Page() {
  return (
    <main>
      <p id="server">
        {typeof window} {typeof Reranker.remote} {typeof createRerankHandler}
      </p>
      <Results />
    </main>
  )
}
