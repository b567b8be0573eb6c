// `npm start`: installs what is missing, builds, and serves the demo.
import { build, DEMO } from './build.mjs'
import { fail } from './lib.mjs'
import { listen, serveFile } from './serve.mjs'

if (process.argv.includes('--help')) {
  console.log(
    'npm start\n\nBuilds the demo page and serves it on 127.0.0.1.\n\n  PORT=8137          the port; without it, the first free one from 8137 on\n  SECONDPASS_CACHE   where tools are kept (default ~/.cache/secondpass)',
  )
  process.exit(0)
}
await build()
const wished = Number(process.env.PORT ?? 8137)
if (!Number.isInteger(wished) || wished < 0 || wished > 65535) fail(`PORT is "${process.env.PORT}"; give a number from 0 to 65535.`)
const server = await listen(
  (request, response) => serveFile(DEMO, request, response, { compress: true }) || response.writeHead(404).end('not found'),
  wished,
  process.env.PORT !== undefined,
).catch((error) => fail(`Port ${wished} cannot be used (${error.code}); choose another: PORT=8200 npm start`))
console.log(`\nThe demo is at http://127.0.0.1:${server.address().port}/   (stop with Ctrl+C)`)
