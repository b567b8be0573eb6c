// The part of Pagefind's browser module that the guide uses. Pagefind writes that module beside the index and publishes no types of it;
// tests/package/pagefind.test.mjs runs the real one.
export function search(query: string): Promise<{ results: Result[] }>

interface Result {
  id: string
  data(): Promise<{ url: string; content: string; excerpt: string; meta: Record<string, string> }>
}
