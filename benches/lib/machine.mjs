// Describes the machine and the versions for a result.
import { readFileSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { capture } from '../../scripts/lib.mjs'
import { openPage } from './browser.mjs'
import { BENCHES } from './server.mjs'

/** The machine, its adapter, and the versions of all engines. */
export async function describe(url, { gpu }) {
  const { browser, page, version } = await openPage(url, { gpu })
  const adapter = await page.evaluate(() => window.bench.adapter())
  await browser.close()
  const peers = JSON.parse(readFileSync(join(BENCHES, 'package.json'), 'utf8')).dependencies
  return {
    machine: { cpu: cpus()[0]?.model.trim(), cores: cpus().length, memory_bytes: totalmem(), system: `${platform()} ${release()} ${arch()}`, adapter },
    versions: { secondpass: commit(), chromium: version, node: process.versions.node, ...peers },
  }
}

/** The commit that is measured. */
export function commit() {
  const hash = capture('git', ['rev-parse', '--short=12', 'HEAD'], { mayFail: true })
  return hash && capture('git', ['status', '--porcelain', '--', 'src', 'shaders', 'pkg', 'Cargo.lock'], { mayFail: true }) ? `${hash} and changes` : hash
}

/** A short name for files: the GPU, or the number of cores with a software adapter. */
export const machineName = ({ cores, adapter }) =>
  (adapter && !adapter.fallback ? `${adapter.vendor}-${adapter.architecture}` : `${cores}-cores`).toLowerCase().replace(/[^a-z0-9]+/g, '-')
