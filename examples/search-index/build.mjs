// Stands for a site generator: the pages, an index of them as one file, and the package beside them.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { SearchIndex } from 'secondpass/search'

rmSync('dist', { recursive: true, force: true })
cpSync('site', 'dist', { recursive: true })
cpSync('node_modules/secondpass/dist', 'dist/secondpass', { recursive: true })

const pages = readdirSync('site/docs').map((file) => {
  const html = readFileSync(`site/docs/${file}`, 'utf8')
  const [, title] = /<h1>(.*)<\/h1>/.exec(html)
  const [, text] = /<p>(.*)<\/p>/.exec(html)
  return { url: `/docs/${file}`, title, text }
})
const index = await SearchIndex.open('docs', { fields: { title: 2, text: 1 }, id: 'url', storage: 'memory' })
await index.add(pages)
const file = await index.export()
writeFileSync('dist/search.sp', Buffer.from(await file.arrayBuffer()))
console.log(`${pages.length} pages, ${file.size} bytes`)
