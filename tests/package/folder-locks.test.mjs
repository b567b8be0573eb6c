// Locks in a folder where the system refuses a file: for a moment, as Windows does, or for good.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { ROOT } from '../../scripts/lib.mjs'
import { startServer } from '../server/server.mjs'
import { source } from './harness.mjs'

const { FolderLocks } = await source('node/folder-locks')
const { lockText, removeLocks } = await source('node/lock-files')
const OWNER = { host: hostname(), pid: process.pid, thread: 'one' }

let folder
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'secondpass-locks-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const locks = () => readdirSync(join(folder, 'locks'))

/** Runs with a system that refuses to make, rename or touch files as `refuses` says. */
async function refusing(refuses, work) {
  const whole = { ...fs }
  const replaced = ['writeFileSync', 'renameSync', 'utimesSync', 'unlinkSync']
  for (const name of replaced) {
    fs[name] = (...args) => {
      if (refuses(name)) throw Object.assign(new Error(`EPERM: operation not permitted, ${name} '${args[0]}'`), { code: 'EPERM' })
      return whole[name](...args)
    }
  }
  try {
    return await work()
  } finally {
    for (const name of replaced) fs[name] = whole[name]
  }
}

test('a lock that cannot be removed does not leave the other locks of a thread that has ended', () => {
  mkdirSync(join(folder, 'locks', 'a.lock'), { recursive: true })
  writeFileSync(join(folder, 'locks', 'b.lock'), lockText(OWNER, 0))
  writeFileSync(join(folder, 'locks', 'c.lock'), lockText({ ...OWNER, thread: 'two' }, 0))
  writeFileSync(join(folder, 'locks', 'd.lock'), lockText(OWNER, 1))
  removeLocks(folder, OWNER)
  assert.deepEqual(locks(), ['a.lock', 'c.lock'])
  removeLocks(join(folder, 'nowhere'), OWNER)
})

test('a system that refuses for a moment is asked again', async () => {
  const start = performance.now()
  const held = await refusing(
    (name) => name === 'writeFileSync' && performance.now() - start < 1000,
    () => new FolderLocks(folder, OWNER).request('model', () => locks().length),
  )
  assert.equal(held, 1)
  assert.deepEqual(locks(), [])
})

test('a system that always refuses is an error, soon, that says where and what to do', async () => {
  const start = performance.now()
  const work = refusing(
    (name) => name === 'writeFileSync',
    () => new FolderLocks(folder, OWNER).request('model', () => assert.fail('it was granted')),
  )
  await assert.rejects(work, ({ message }) => /EPERM.*model\.lock.*another folder/.test(message))
  assert.ok(performance.now() - start < 5000, 'it took too long')
})

test('a lock that nobody renews, in whose place none can be put, leaves no other files', async () => {
  mkdirSync(join(folder, 'locks'))
  const path = join(folder, 'locks', 'model.lock')
  writeFileSync(path, lockText({ ...OWNER, host: 'another' }, 0))
  fs.utimesSync(path, new Date(0), new Date(0))
  const work = refusing(
    (name) => name === 'renameSync',
    () => new FolderLocks(folder, OWNER).request('model', () => assert.fail('it was granted')),
  )
  await assert.rejects(work, /EPERM/)
  assert.deepEqual(locks(), ['model.lock'])
})

test('what was done under a lock is not lost where the lock can neither be renewed nor removed', async () => {
  const result = await refusing(
    (name) => name === 'utimesSync' || name === 'unlinkSync',
    () => new FolderLocks(folder, OWNER).request('model', () => new Promise((done) => setTimeout(done, 1500, 'done'))),
  )
  assert.equal(result, 'done')
})

test('a load into a folder where the system refuses locks is a typed error, and the process ends', async () => {
  const server = await startServer()
  try {
    const refusal = join(folder, 'refuse.cjs')
    writeFileSync(
      refusal,
      `const fs = require('node:fs'), write = fs.writeFileSync
       fs.writeFileSync = (path, ...rest) => {
         if (String(path).endsWith('.lock')) throw Object.assign(new Error('EPERM: operation not permitted, open ' + path), { code: 'EPERM' })
         return write(path, ...rest)
       }`,
    )
    const program = `import { Reranker } from 'secondpass'
      const { code, message } = await Reranker.load(JSON.parse(process.argv[1])).catch((error) => error)
      console.log(JSON.stringify({ code, message }))`
    const options = { model: `${server.url}/models/tiny-tied/`, cache: { folder: join(folder, 'models') } }
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, JSON.stringify(options)], {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: `--require ${refusal}` },
      timeout: 60_000,
    })
    const { code, message } = JSON.parse(stdout)
    assert.equal(code, 'storage_failed', message)
    assert.match(message, /let this user write there, or name another folder/)
    assert.ok(existsSync(join(folder, 'models')))
  } finally {
    await server.close()
  }
})
