// Serves pages, engines and models to the browser on loopback.
import { join } from 'node:path'
import { glueFolder } from '../../scripts/build.mjs'
import { ROOT, TARGET_DIR } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'

export const BENCHES = join(ROOT, 'benches')
/** Generated files, outside git. */
export const CACHE = join(ROOT, 'target', 'bench')
/** Finished modules, with the names of their functions. */
export const COMPILED = join(TARGET_DIR, 'compiled')

const modules = (...path) => join(BENCHES, 'node_modules', ...path)
const FOLDERS = {
  '/pages': join(BENCHES, 'pages'),
  '/engines/ours': join(ROOT, 'pkg', 'dist'),
  '/engines/ours-dev': glueFolder('dev'),
  '/engines/ort': modules('onnxruntime-web', 'dist'),
  '/engines/wllama': modules('@wllama', 'wllama', 'esm'),
  '/engines/transformers': modules('@huggingface', 'transformers'),
  // The version of onnxruntime-web that transformers.js depends on, not the one that is measured by itself.
  '/engines/transformers-ort': modules('@huggingface', 'transformers', 'node_modules', 'onnxruntime-web', 'dist'),
  '/engines/transformers-ort-common': modules('@huggingface', 'transformers', 'node_modules', 'onnxruntime-common', 'dist'),
  '/models': join(CACHE, 'models'),
  '/relaxed': join(CACHE, 'relaxed'),
  '/profile': join(CACHE, 'profile'),
  '/fixtures': join(ROOT, 'tests', 'fixtures'),
}

/** Starts the server: its `url`, and `sent()`, the bytes of models that it has sent. */
export async function startServer() {
  let bytes = 0
  const count = (response) => {
    const write = response.write.bind(response)
    response.write = (chunk, ...rest) => {
      bytes += chunk.length
      return write(chunk, ...rest)
    }
  }
  const server = await listen(
    (request, response) => {
      if (request.url.startsWith('/models/')) count(response)
      handle(request, response)
    },
    0,
    true,
  )
  const close = () =>
    new Promise((done) => {
      server.closeAllConnections()
      server.close(done)
    })
  return { url: `http://127.0.0.1:${server.address().port}`, sent: () => bytes, close }
}

function handle(request, response) {
  const mount = Object.keys(FOLDERS).find((prefix) => request.url.startsWith(`${prefix}/`))
  if (mount) {
    request.url = request.url.slice(mount.length)
    if (request.url.endsWith('?isolated')) isolate(response)
    if (request.url.split('?')[0].endsWith('.mjs')) asModule(response)
    if (serveFile(FOLDERS[mount], request, response)) return
  }
  response.writeHead(404).end('not found')
}

/** Only the clock of an isolated page has microseconds. */
function isolate(response) {
  response.setHeader('cross-origin-opener-policy', 'same-origin')
  response.setHeader('cross-origin-embedder-policy', 'require-corp')
}

/** The demo's server has no content type for `.mjs`, and browsers import modules only with a JavaScript type. */
function asModule(response) {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (status, headers) => writeHead(status, { ...headers, 'content-type': 'text/javascript' })
}
