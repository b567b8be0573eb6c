// Which crates a build consists of. `cargo tree` resolves features as the build does; `cargo metadata` unites those of all
// kinds of dependencies and so names crates that are never compiled. The first says which, the second what they are.
import { capture } from '../lib.mjs'

/** `name@version` of every crate that is compiled for one of the targets, over the given kinds of dependencies. */
export function cratesOf(targets, edges, cargoArgs = []) {
  const lines = cargo([
    'tree',
    '--locked',
    ...targets.flatMap((target) => ['--target', target]),
    '--edges',
    edges,
    '--prefix',
    'none',
    '--format',
    '{p}',
    ...cargoArgs,
  ]).split('\n')
  const crates = lines.map((line) => /^(\S+) v(\S+)/.exec(line)).filter(Boolean)
  return new Set(crates.map(([, name, version]) => `${name}@${version}`))
}

/** Cargo's description of each package of the lock file that one of the targets could use, by `name@version`. */
export function packagesOf(targets) {
  const filters = targets.flatMap((target) => ['--filter-platform', target])
  const { packages } = JSON.parse(cargo(['metadata', '--format-version', '1', '--locked', ...filters]))
  return new Map(packages.map((each) => [`${each.name}@${each.version}`, each]))
}

export const hostTarget = () => /^host: (.+)$/m.exec(capture('rustc', ['-vV']))[1]

// What cargo has fetched suffices; it asks the registry only where something is missing.
const cargo = (args) => capture('cargo', [...args, '--offline'], { mayFail: true }) || capture('cargo', args)
