// Checks the crates against deny.toml: with cargo-deny where it is installed, else with the part of it that can be read from
// what cargo already has on this machine.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, has, ROOT, run } from '../lib.mjs'
import { cratesOf, hostTarget, packagesOf } from './graph.mjs'
import { chooseLicences } from './spdx.mjs'

const CONFIG = join(ROOT, 'deny.toml')
const WASM = 'wasm32-unknown-unknown'
/** Releases before this one read another form of deny.toml. */
const OLDEST = [0, 18]

/** Whether the crates are as deny.toml wants them. Prints which checks were made. */
export async function checkCrates() {
  if (hasCargoDeny()) {
    console.log('  cargo-deny: licences, duplicates and sources (advisories are checked on GitHub)')
    return run('cargo', ['deny', '--log-level', 'warn', 'check', '--hide-inclusion-graph', 'bans', 'licenses', 'sources'], { mayFail: true })
  }
  // Only here: this file is read before the packages are installed.
  const { parse } = await import('smol-toml')
  const config = parse(readFileSync(CONFIG, 'utf8'))
  const problems = check([WASM, hostTarget()], config)
  for (const problem of problems) console.error(`  ✗ ${problem}`)
  console.log('  cargo-deny is not installed: licences, duplicates and sources were compared with deny.toml by our own script, for wasm and this machine alone')
  return problems.length === 0
}

function hasCargoDeny() {
  if (!has('cargo-deny')) return false
  const version = capture('cargo-deny', ['--version'], { mayFail: true }).match(/(\d+)\.(\d+)/)
  return version !== null && (Number(version[1]) > OLDEST[0] || Number(version[2]) >= OLDEST[1])
}

function check(targets, { licenses, bans, sources }) {
  const packages = packagesOf(targets)
  const everything = [...cratesOf(targets, 'normal,build,dev')].map((key) => packages.get(key))
  return [
    ...everything.map((crate) => licenceProblem(crate, licenses)),
    ...everything.map((crate) => sourceProblem(crate, sources)),
    ...everything.map((crate) => banProblem(crate, bans)),
    ...duplicates(cratesOf(targets, 'normal,build'), bans.skip),
  ].filter(Boolean)
}

function licenceProblem({ name, version, license, source }, { allow, exceptions }) {
  if (source === null) return undefined
  if (!license) return `${name} ${version} names no licence.`
  const allowed = [...allow, ...exceptions.filter((each) => names(each.crate, name, version)).flatMap((each) => each.allow)]
  return chooseLicences(license, allowed) ? undefined : `${name} ${version} has the licence ${license}, which deny.toml does not allow.`
}

function sourceProblem({ name, version, source }, sources) {
  if (source === null || sources['allow-registry'].some((registry) => source === `registry+${registry}`)) return undefined
  return `${name} ${version} comes from ${source}, which deny.toml does not allow.`
}

function banProblem({ name, version }, { deny }) {
  const ban = deny.find((each) => names(each.crate, name, version))
  return ban && `${name} ${version} is banned: ${ban.reason}`
}

function duplicates(crates, skip) {
  const kept = [...crates].map((key) => key.split('@')).filter(([name, version]) => !skip.some((each) => names(each.crate, name, version)))
  const versions = {}
  for (const [name, version] of kept) (versions[name] ??= []).push(version)
  return Object.entries(versions)
    .filter(([, list]) => list.length > 1)
    .map(
      ([name, list]) =>
        `${name} is there in ${list.length} versions: ${list.join(', ')}. Remove all but one, or add the others to "skip" in deny.toml with the reason.`,
    )
}

/** Whether `name@version`, `name@=version` or `name` means this crate. A version may leave out its last numbers. */
function names(spec, name, version) {
  const [wanted, prefix] = spec.split('@')
  return wanted === name && (prefix === undefined || prefix.replace(/^=/, '') === version || version.startsWith(`${prefix}.`))
}
