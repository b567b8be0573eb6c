// The shared libraries that programs need, for a machine that lacks them.
import { copyFileSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { capture, fail } from '../../scripts/lib.mjs'

/** The C library and its parts belong to the system: a program runs with that of its machine, or not at all. */
const OF_SYSTEM = /^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|nss_\w+|thread_db))\.so/
/** wgpu opens the loader by name, so no list of needed libraries has it. */
const LOADER = 'libvulkan.so.1'

/** Copies what `programs` need to a folder, and Vulkan's loader. `beside`: a folder that may hold one. */
export function copyLibraries(programs, folder, beside) {
  mkdirSync(folder, { recursive: true })
  const needed = new Map(programs.flatMap(librariesOf))
  const loader = installedLoader() ?? (beside && join(beside, LOADER))
  if (!loader) fail(`Vulkan's loader (${LOADER}) is not installed here; install it (Debian: libvulkan1), since a machine with a GPU may lack it.`)
  needed.set(LOADER, loader)
  for (const [name, path] of needed) copyFileSync(realpathSync(path), join(folder, name))
}

/** Names and paths. */
function librariesOf(program) {
  const lines = capture('ldd', [program]).split('\n')
  const missing = lines.filter((line) => line.includes('not found')).map((line) => line.trim().split(' ')[0])
  if (missing.length > 0) fail(`${basename(program)} needs libraries that are not installed here: ${missing.join(', ')}. Install them, and pack again.`)
  const found = lines.map((line) => /^\s*(\S+) => (\/\S+)/.exec(line)).filter(Boolean)
  return found.map(([, name, path]) => [name, path]).filter(([name]) => !OF_SYSTEM.test(name))
}

function installedLoader() {
  const listed = ['ldconfig', '/sbin/ldconfig'].map((command) => capture(command, ['-p'], { mayFail: true })).find(Boolean) ?? ''
  const line = listed.split('\n').find((each) => each.trim().startsWith(`${LOADER} `) && each.includes('x86-64'))
  return line?.split('=>')[1]?.trim()
}

/** The newest version of the C library that any of these files asks for, such as 2.35. */
export function neededGlibc(files) {
  let newest = [0, 0]
  for (const file of files) {
    for (const [, major, minor] of readFileSync(file, 'latin1').matchAll(/\0GLIBC_(\d+)\.(\d+)/g)) {
      const version = [Number(major), Number(minor)]
      if (version[0] > newest[0] || (version[0] === newest[0] && version[1] > newest[1])) newest = version
    }
  }
  return newest[0] ? newest.join('.') : undefined
}
