// Makes sure that rustc has a standard library for wasm32-unknown-unknown. rustup has it; where rustup cannot reach its
// server, it is built once from the sources that Debian packages for exactly this compiler.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture, fail, has, run, step } from '../lib.mjs'
import { ensureRust } from './rust.mjs'

const TARGET = 'wasm32-unknown-unknown'
const SUITES = ['trixie-backports', 'sid', 'forky', 'trixie', 'bookworm-backports']
/** The keys of Debian's archive, which every Debian has. What they did not sign is not used: it becomes part of the compiler. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

export async function ensureRustWasm() {
  ensureRust()
  const sysroot = capture('rustc', ['--print', 'sysroot'])
  const libs = join(sysroot, 'lib', 'rustlib', TARGET, 'lib')
  if (existsSync(libs) && readdirSync(libs).some((f) => f.startsWith('libstd-'))) return
  step(`Adding the ${TARGET} target to Rust`)
  if (has('rustup') && run('rustup', ['target', 'add', TARGET], { quiet: true, mayFail: true })) return
  if (!has('apt-get') || !has('dpkg')) {
    fail(`Rust has no ${TARGET} target and rustup could not add it. Connect to the internet and run: rustup target add ${TARGET}`)
  }
  buildFromDebianSources(sysroot, libs)
}

function buildFromDebianSources(sysroot, libs) {
  const version = capture('rustc', ['--version']).split(' ')[1]
  const work = mkdtempSync(join(tmpdir(), 'secondpass-std-'))
  try {
    const deb = downloadSources(version, work)
    step('Building the standard library for wasm32 (about half a minute)')
    run('dpkg', ['-x', deb, join(work, 'src')])
    const library = join(work, 'src', 'usr', 'src', `rustc-${version}`, 'library')
    if (!existsSync(library)) fail(`The package ${deb} does not hold the sources of Rust ${version}.`)
    const place = join(sysroot, 'lib', 'rustlib', 'src', 'rust', 'library')
    rmSync(place, { recursive: true, force: true })
    mkdirSync(join(place, '..'), { recursive: true })
    cpSync(library, place, { recursive: true, verbatimSymlinks: true })
    const crate = join(work, 'empty')
    mkdirSync(join(crate, 'src'), { recursive: true })
    writeFileSync(join(crate, 'Cargo.toml'), '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n[workspace]\n')
    writeFileSync(join(crate, 'src', 'lib.rs'), '')
    // By its path: outside of the repository rustup's `cargo` would be that of the default toolchain.
    const cargo = join(sysroot, 'bin', 'cargo')
    run(existsSync(cargo) ? cargo : 'cargo', ['build', '--release', '--target', TARGET, '-Zbuild-std=std,panic_abort'], {
      cwd: crate,
      env: { RUSTC: join(sysroot, 'bin', 'rustc'), RUSTC_BOOTSTRAP: '1', CARGO_TARGET_DIR: join(crate, 'target'), RUSTFLAGS: '' },
    })
    const built = join(crate, 'target', TARGET, 'release', 'deps')
    mkdirSync(libs, { recursive: true })
    for (const file of readdirSync(built)) {
      if (file.endsWith('.rlib') && !file.startsWith('libempty')) cpSync(join(built, file), join(libs, file))
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * Downloads the package with the sources of this version of Rust into the folder `work`; the path of the file. apt checks the
 * signature of the suite's index, and the package against the hash in it. It runs with a configuration of its own, so that
 * the machine's list of suites is left alone.
 */
export function downloadSources(version, work, { keyring = KEYRING } = {}) {
  step(`Fetching the sources of Rust ${version} from Debian`)
  if (!existsSync(keyring))
    fail(
      `Debian's keys (${keyring}) are missing, so that its packages cannot be checked. Install the package debian-archive-keyring, or run where rustup works: rustup target add ${TARGET}`,
    )
  const mirror = debianMirror()
  for (const suite of SUITES) {
    const state = join(work, suite)
    mkdirSync(join(state, 'lists', 'partial'), { recursive: true })
    writeFileSync(join(state, 'sources.list'), `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`)
    const settings = [
      `Dir::Etc::sourcelist=${join(state, 'sources.list')}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::Lists=${join(state, 'lists')}`,
      'APT::Sandbox::User=root',
      // Whatever the machine's own configuration allows.
      'Acquire::AllowInsecureRepositories=false',
      'APT::Get::AllowUnauthenticated=false',
    ]
    const options = settings.flatMap((setting) => ['-o', setting])
    if (!run('apt-get', [...options, 'update', '-qq'], { quiet: true, mayFail: true })) continue
    const candidates = capture('apt-cache', [...options, 'madison', 'rust-src'], { mayFail: true }).split('\n')
    const exact = candidates.map((line) => line.split('|')[1]?.trim()).find((v) => v?.startsWith(`${version}+`))
    if (!exact || !run('apt-get', [...options, 'download', `rust-src=${exact}`], { cwd: work, quiet: true, mayFail: true })) continue
    const deb = readdirSync(work).find((f) => f.startsWith('rust-src_') && f.endsWith('.deb'))
    if (deb) return join(work, deb)
  }
  return fail(`Neither rustup nor Debian has a ${TARGET} standard library for Rust ${version}. Where rustup works, run: rustup target add ${TARGET}`)
}

// The mirror that this machine already uses.
function debianMirror() {
  const policy = capture('apt-cache', ['policy'], { mayFail: true })
  return (
    policy.match(/https?:\/\/\S*debian\/?(?=\s+\w+\/main)/)?.[0] ??
    policy.match(/https?:\/\/\S+/)?.[0] ??
    fail('apt has no source of packages; add a Debian mirror and run this command again.')
  )
}
