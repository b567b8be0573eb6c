// Builds what a page loads: two wasm modules, the package, the demo. Whatever is up to date is left alone.
//
//   release  small and fast, with link-time optimization: `npm start`, the package, the size gate, the benchmarks
//   dev      linked in seconds, with the hooks that tests call: `npm run dev`, the browser tests
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildDemo as writeDemo } from './demo.mjs'
import { capture, clippy, fail, ROOT, run, TARGET_DIR, timed } from './lib.mjs'
import { writeNotices } from './notices.mjs'
import { COMMAND_ENTRY, ENTRIES, MAIN_ENTRIES, PEERS } from './package-entries.mjs'
import { ensureNodeModules } from './setup/node.mjs'
import { ensureRustWasm } from './setup/rust-wasm.mjs'
import { ensureWasmBindgen } from './setup/wasm-bindgen.mjs'
import { shortenImports } from './wasm/import-names.mjs'

/** What the command imports from the package instead of holding it. */
const BESIDE_COMMAND = ['../index.js', '../search/index.js', '../models.js']
const DIST = join(ROOT, 'pkg', 'dist')
/** What changes the output of wasm-bindgen: that is made anew when this has changed. */
const IMPORT_NAMES = join(ROOT, 'scripts', 'wasm', 'import-names.mjs')
/** What is published is ES2022 without comments, as short as that can be. */
const MINIFIED = ['--format=esm', '--target=es2022', '--minify', '--legal-comments=none', '--log-level=warning']
export const DEMO = join(ROOT, 'dist')

/** The two modules: with and without the GPU backend. Pages without a GPU, and workers on the CPU, load the small one. */
export const MODULES = [
  { name: 'secondpass', features: ['gpu'] },
  { name: 'secondpass_cpu', features: [] },
]
const PROFILES = {
  release: {
    features: [],
    rustc: ['-C', 'lto=fat', '-C', 'codegen-units=1', '-C', 'opt-level=3'],
    env: { CARGO_INCREMENTAL: '0' },
    glue: ['--remove-name-section', '--remove-producers-section'],
  },
  dev: { features: ['test-hooks'], rustc: [], env: {}, glue: [] },
}

/** Builds everything. `only` names the modules that are wanted; the others are copies of the first. `lint`: with clippy. */
export async function build({ profile = 'release', only = MODULES.map((module) => module.name), lint = false } = {}) {
  await timed('npm packages', ensureNodeModules)
  await timed('wasm target', ensureRustWasm)
  // It compiles beside the crate, whose linking leaves a core idle.
  const wasmBindgen = ensureWasmBindgen()
  const wanted = MODULES.filter((module) => only.includes(module.name))
  for (const module of wanted) await timed(`${module.name} (${profile})`, () => compile(module, profile, lint))
  const tool = await timed('wasm-bindgen', () => wasmBindgen)
  for (const { name } of MODULES) await timed(`glue of ${name}`, () => glue(tool, name, only.includes(name) ? name : only[0], profile))
  await timed('package', buildPackage)
  // The reference of the API takes ten seconds, so development builds have it only if it was made before.
  await timed('demo', () => buildDemo({ api: profile === 'release' }))
}

/** Where a profile's finished modules are kept; `pkg/dist/wasm` has the ones that were built last. */
export const glueFolder = (profile) => join(TARGET_DIR, 'glue', profile)

function compiled(name, profile) {
  return join(TARGET_DIR, 'compiled', profile, `${name}.wasm`)
}

async function compile({ name, features }, profile, lint) {
  await run.async(
    'cargo',
    [
      'rustc',
      '--quiet',
      '--lib',
      '--crate-type',
      'cdylib',
      '--target',
      'wasm32-unknown-unknown',
      '--profile',
      'wasm',
      '--no-default-features',
      '--features',
      [...features, ...PROFILES[profile].features].join(','),
      '--',
      ...PROFILES[profile].rustc,
    ],
    {
      env: {
        CARGO_TARGET_DIR: TARGET_DIR,
        // Cargo's own name for it: with it a cdylib has a place of its own for each set of features, as a rlib always has.
        // Without it the release and the development build would replace each other, and be linked anew every time.
        __CARGO_DEFAULT_LIB_METADATA: 'secondpass',
        ...PROFILES[profile].env,
        ...(lint && { ...clippy(), CLIPPY_CONF_DIR: join(ROOT, 'scripts', 'clippy-wasm') }),
      },
    },
  )
  // The next build has the same file name there.
  mkdirSync(join(TARGET_DIR, 'compiled', profile), { recursive: true })
  cpSync(join(TARGET_DIR, 'wasm32-unknown-unknown', 'wasm', 'secondpass.wasm'), compiled(name, profile))
}

async function glue(wasmBindgen, name, from, profile) {
  const folder = glueFolder(profile)
  const raw = compiled(from, profile)
  const hash = createHash('sha256').update(readFileSync(raw)).update(readFileSync(IMPORT_NAMES)).digest('hex')
  const stamp = join(folder, `.${name}-input`)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== hash) {
    rmSync(stamp, { force: true })
    await run.async(wasmBindgen, [
      '--target',
      'web',
      '--out-dir',
      folder,
      '--out-name',
      name,
      '--omit-default-module-path',
      '--no-typescript',
      ...PROFILES[profile].glue,
      raw,
    ])
    const [script, wasm] = [join(folder, `${name}.js`), join(folder, `${name}_bg.wasm`)]
    const short = shortenImports(readFileSync(script, 'utf8'), readFileSync(wasm))
    writeFileSync(script, short.script)
    writeFileSync(wasm, short.wasm)
    writeFileSync(stamp, hash)
  }
  mkdirSync(join(DIST, 'wasm'), { recursive: true })
  cpSync(join(folder, `${name}_bg.wasm`), join(DIST, 'wasm', `${name}_bg.wasm`))
  writeFileSync(join(DIST, 'wasm', `${name}.js`), minifiedGlue(name, profile))
}

/** The script of a module, as it is published: wasm-bindgen writes it with comments and long names. */
export const minifiedGlue = (name, profile) => capture(bin('esbuild'), [join(glueFolder(profile), `${name}.js`), ...MINIFIED])

const bin = (name) => join(ROOT, 'node_modules', '.bin', name)

/** The JavaScript of the package, beside the modules that were built last. */
export function buildPackage() {
  const source = (name) => join(ROOT, 'pkg', 'src', `${name}.ts`)
  // What an earlier version left there would be published too.
  if (existsSync(DIST)) for (const name of readdirSync(DIST)) if (name !== 'wasm') rmSync(join(DIST, name), { recursive: true })
  run(bin('tsc'), ['-p', join(ROOT, 'pkg')])
  // The command is the only part that knows Node's own types, and has no declarations.
  run(bin('tsc'), ['-p', join(ROOT, 'pkg', 'src', 'cli')])
  // esbuild's binary is called directly: its JavaScript API needs the install script, which is not run here.
  const common = ['--bundle', ...MINIFIED, `--outdir=${DIST}`, `--outbase=${join(ROOT, 'pkg', 'src')}`]
  const glue = MODULES.map(({ name }) => `--external:./wasm/${name}.js`)
  run(bin('esbuild'), [
    ...MAIN_ENTRIES.map(source),
    '--external:./worker.js',
    ...glue,
    `--define:MODULE_BYTES=${JSON.stringify(moduleBytes())}`,
    `--define:PACKAGE_VERSION=${JSON.stringify(JSON.stringify(packageVersion()))}`,
    ...common,
  ])
  // The SDK adapters share the page's Reranker, so they import the main entry instead of bundling another copy of it.
  run(bin('esbuild'), [...ENTRIES.map(source), '--external:../index.js', ...PEERS.map((name) => `--external:${name}`), ...common])
  run(bin('esbuild'), [source(COMMAND_ENTRY), '--platform=node', ...BESIDE_COMMAND.map((file) => `--external:${file}`), ...common])
  chmodSync(join(DIST, 'cli', 'main.js'), 0o755)
  cpSync(join(ROOT, 'LICENSE'), join(DIST, 'LICENSE'))
  writeNotices(join(DIST, 'THIRD_PARTY_NOTICES.txt'))
}

/** Tabs with different versions of the package do not share a model. */
const packageVersion = () => JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8')).version

/** For the progress of fetching a module: its response tells the size only where it is not compressed. */
function moduleBytes() {
  const [full, cpu] = MODULES.map(({ name }) => join(DIST, 'wasm', `${name}_bg.wasm`)).map((file) => (existsSync(file) ? statSync(file).size : 0))
  return { full, cpu }
}

export async function buildDemo(options) {
  await writeDemo(DIST, DEMO, options)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [profile = 'release'] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
  if (process.argv.includes('--help') || !PROFILES[profile]) {
    console.log(
      `npm run build [-- PROFILE]\n\nBuilds the wasm modules, the package in pkg/dist and the demo in dist.\nPROFILE is ${Object.keys(PROFILES).join(' or ')} (release).`,
    )
    if (!PROFILES[profile]) fail(`There is no profile "${profile}".`)
  } else await build({ profile })
}
