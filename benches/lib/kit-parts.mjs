// Packs a folder as an archive in parts, with what joins and unpacks them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, has } from '../../scripts/lib.mjs'
import { OUTSIDE } from './kit-stage.mjs'
import { BENCHES } from './server.mjs'

const PART = 'kit.part-'
/** The same files give the same archive. */
const TAR = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--exclude=./work']

/** Fails where `to` holds anything: parts of two kits must not be mixed, and nobody's files be lost among them. */
export function refuseOccupied(to) {
  for (const command of ['tar', 'split']) if (!has(command)) fail(`${command} is needed to pack the kit.`)
  const held = existsSync(to) ? readdirSync(to) : []
  if (held.length > 0) fail(`${to} holds files already (${held.slice(0, 3).join(', ')}); name a new folder, or empty this one.`)
}

/** Writes parts of at most `partMib` MiB, `manifest.json`, and the scripts to `to`: the parts. */
export function packParts(folder, to, partMib, glibc) {
  mkdirSync(to, { recursive: true })
  const compression = has('xz') ? 'xz' : 'gz'
  const compress = compression === 'xz' ? 'xz -T0 -3 -c' : 'gzip -9 -n'
  const command = `set -o pipefail; tar ${TAR.join(' ')} -C "$1" -cf - . | ${compress} | split -b ${Math.round(partMib * 2 ** 20)} -d -a 2 - "$2"`
  const { status, stderr } = spawnSync('bash', ['-c', command, 'pack', folder, join(to, PART)], { encoding: 'utf8' })
  if (status !== 0) fail(`The kit could not be packed: ${stderr}`)
  const names = readdirSync(to).filter((name) => name.startsWith(PART))
  const parts = names.sort().map((name) => describe(join(to, name), name))
  const id = createHash('sha256')
    .update(parts.map(({ sha256 }) => sha256).join())
    .digest('hex')
    .slice(0, 8)
  writeFileSync(join(to, 'manifest.json'), `${JSON.stringify({ id, compression, glibc, parts }, null, 1)}\n`)
  for (const file of OUTSIDE) copyFileSync(join(BENCHES, 'kit', file), join(to, file))
  chmodSync(join(to, 'run.sh'), 0o755)
  return parts
}

function describe(path, name) {
  return { name, bytes: statSync(path).size, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }
}
