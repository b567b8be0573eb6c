// `npm run test:storage`: downloads over bad networks and killed loads, as many as are asked for.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { fail, ROOT } from './lib.mjs'
import { ensureChromium } from './setup/chromium.mjs'
import { ENGINES } from './setup/engines.mjs'

const HELP = `npm run test:storage [-- OPTIONS]

Loads a model over networks that cut, stall, flip bits, lie about lengths and redirect, and kills workers and pages while they load.
Every load must give the right scores, or the right error and then complete; after a kill only missing bytes may be fetched again.

  --seeds N       combinations of faults (default 200, minutes; 2000 for a night)
  --first N       the first seed (default 1): with --seeds 1 it repeats one that failed
  --kills N       killed loads (default 50)
  --engine NAME   ${Object.keys(ENGINES).join(', ')} (default chromium)`

const OPTIONS = {
  seeds: { type: 'string', default: '200' },
  first: { type: 'string', default: '1' },
  kills: { type: 'string', default: '50' },
  engine: { type: 'string', default: 'chromium' },
  help: { type: 'boolean' },
}

const options = read()
if (!ENGINES[options.engine].ensure()) fail(`${options.engine} cannot be tested here: ${ENGINES[options.engine].missing}`)
await build({ profile: 'dev', only: ['secondpass'] })
const inChromium = ['browser/storage-faults', 'browser/storage-kill']
const files = (options.engine === 'chromium' ? inChromium : ['engines/storage-faults']).map((name) => join(ROOT, 'tests', `${name}.test.mjs`))
const env = { ...process.env, CHROME: ensureChromium(), ENGINE: options.engine, SEEDS: options.seeds, FIRST_SEED: options.first, KILLS: options.kills }
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...files], { cwd: ROOT, env, stdio: 'inherit' })
process.exit(status ?? 1)

function read() {
  let values
  try {
    values = parseArgs({ options: OPTIONS }).values
  } catch (error) {
    fail(`${error.message}\n\n${HELP}`)
  }
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  for (const name of ['seeds', 'first', 'kills'])
    if (!/^[1-9]\d{0,6}$/.test(values[name])) fail(`--${name} must be a whole number above 0, not "${values[name]}".`)
  if (!(values.engine in ENGINES)) fail(`--engine must be one of ${Object.keys(ENGINES).join(', ')}.`)
  return values
}
