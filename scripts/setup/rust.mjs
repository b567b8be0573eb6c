// Makes sure that cargo runs, with the toolchain that rust-toolchain.toml names.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, fail, has, ROOT, run, step } from '../lib.mjs'

let ready = false

export function ensureRust() {
  if (ready) return
  if (!has('rustc') || !has('cargo')) fail('Rust is missing. Install it with rustup (https://rustup.rs), then run this command again.')
  if (!works()) install(/^channel = "(.+)"$/m.exec(readFileSync(join(ROOT, 'rust-toolchain.toml'), 'utf8'))[1])
  ready = true
}

const works = () => run('cargo', ['--version'], { quiet: true, mayFail: true })

function install(channel) {
  step(`Installing Rust ${channel}`)
  if (
    has('rustup') &&
    run('rustup', ['toolchain', 'install', channel, '--profile', 'minimal', '--component', 'rustfmt', '--component', 'clippy'], { quiet: true, mayFail: true })
  )
    return
  // Offline, the same compiler may be there under another name, such as "stable".
  const same = capture('rustup', ['toolchain', 'list'], { mayFail: true })
    .split('\n')
    .map((line) => line.split(' ')[0])
    .find((name) => name && capture('rustc', [`+${name}`, '--version'], { mayFail: true }).startsWith(`rustc ${channel} `))
  if (!same) fail(`Rust ${channel} is not installed and rustup could not fetch it. Connect to the internet and run: rustup toolchain install ${channel}`)
  console.log(`  rustup's server is out of reach; using the toolchain ${same}, which is Rust ${channel} as well`)
  process.env.RUSTUP_TOOLCHAIN = same
}
