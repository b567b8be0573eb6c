// Frames of clips: the colours that were recorded, at their times; bounds, aborts, and every way in which a clip cannot be read.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { COLOURS, nearestColour, recordClip } from './clip.mjs'
import { open } from './harness.mjs'

const MP4 = 'video/mp4;codecs=vp9'
/** The middle of each colour's second. */
const MIDDLES = [0.5, 1.5, 2.5, 3.5]

let browser
let page
/** In base64: as a file of its own, and in the pieces that a live recording arrives in, which name no length. */
let webm
let pieces
before(async () => {
  browser = await open()
  page = await browser.page()
  await page.evaluate(() => {
    window.bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    // What is made of a file for a player has to end with it.
    window.addresses = []
    const make = URL.createObjectURL.bind(URL)
    URL.createObjectURL = (file) => {
      const url = make(file)
      window.addresses.push(url)
      return url
    }
    window.stillThere = async () => {
      const answers = await Promise.all(window.addresses.map((url) => fetch(url).then(Boolean, () => false)))
      return answers.filter(Boolean).length
    }
  })
  webm = await recordClip(page)
  pieces = await recordClip(page, { pieceMs: 200 })
})
after(() => browser?.close())

/** Frames as plain data: time, size, and the pixel in the middle. `clip` is base64, or an address. */
const taken = (clip, options = {}) =>
  page.evaluate(
    async ({ clip, options }) => {
      const { framesOf } = await import('/dist/video/index.js')
      const progress = []
      const source = clip.startsWith('http') || clip.startsWith('/') ? clip : new Blob([bytesOf(clip)])
      const { ok, error } = await outcome(async () => {
        const frames = []
        for await (const { image, time } of framesOf(source, { ...options, onProgress: (event) => progress.push(event) })) {
          const at = (Math.floor(image.height / 2) * image.width + Math.floor(image.width / 2)) * 4
          frames.push({ time, width: image.width, height: image.height, pixel: [...image.data.slice(at, at + 3)] })
        }
        return frames
      })
      return { frames: ok, error, progress }
    },
    { clip, options },
  )

const colours = (frames) => frames.map(({ pixel }) => nearestColour(pixel))

test('frames have the colours that were shown at their times', async () => {
  const { frames, progress } = await taken(webm, { from: 0.5 })
  assert.deepEqual(
    frames.map(({ time }) => time),
    MIDDLES,
  )
  assert.deepEqual(colours(frames), Object.keys(COLOURS))
  assert.ok(frames.every(({ width, height }) => width === 160 && height === 120))
  assert.deepEqual(
    progress,
    MIDDLES.map((time, i) => ({ taken: i + 1, of: 4, time })),
  )
  assert.equal(await page.evaluate(() => stillThere()), 0, 'addresses of files are left')
})

test('a clip that names no length, as a recording, has an end', async () => {
  const named = await page.evaluate(async (clip) => {
    const video = document.createElement('video')
    video.src = URL.createObjectURL(new Blob([bytesOf(clip)]))
    await new Promise((resolve) => video.addEventListener('loadedmetadata', resolve))
    URL.revokeObjectURL(video.src)
    return Number.isFinite(video.duration)
  }, pieces)
  assert.equal(named, false, 'the clip of this test names its length')
  const { frames, error } = await taken(pieces, { from: 0.5 })
  assert.deepEqual(colours(frames ?? []), Object.keys(COLOURS), error?.message)
})

test('MP4 files are read too', async (t) => {
  if (!(await page.evaluate((type) => MediaRecorder.isTypeSupported(type), MP4))) return t.skip('this browser records no MP4')
  const { frames, error } = await taken(await recordClip(page, { type: MP4 }), { from: 0.5 })
  assert.deepEqual(colours(frames ?? []), Object.keys(COLOURS), error?.message)
})

test('the range, the number and the size of frames are bounded', async () => {
  const within = await taken(webm, { from: 1.2, to: 2, fps: 5 })
  assert.deepEqual(
    within.frames.map(({ time }) => time.toFixed(1)),
    ['1.2', '1.4', '1.6', '1.8'],
  )
  assert.deepEqual(new Set(colours(within.frames)), new Set(['green']))
  const few = await taken(webm, { from: 0.5, to: 3.5, fps: 25, most: 3, maxPixels: 1200 })
  assert.deepEqual(colours(few.frames), Object.keys(COLOURS).slice(0, 3), 'three frames are spread over the whole range')
  assert.ok(few.frames.every(({ width, height }) => width === 40 && height === 30))
  const beyond = await taken(webm, { from: 3.5, to: 1000, most: 60 })
  assert.equal(beyond.frames.length, 1)
  const one = await taken(webm, { from: 2.5, to: 2.5 })
  assert.deepEqual(colours(one.frames), ['blue'])
})

test('an abort ends the work wherever it is, and frees the player', async () => {
  const ends = await page.evaluate(async (clip) => {
    const { framesOf } = await import('/dist/video/index.js')
    const file = new Blob([bytesOf(clip)])
    const reason = new Error('enough')
    const all = async (options) => {
      let frames = 0
      try {
        for await (const frame of framesOf(file, { fps: 10, ...options })) if (frame) frames++
        return 'all'
      } catch (error) {
        return error === reason ? frames : String(error)
      }
    }
    const found = {}
    found.before = await all({ signal: AbortSignal.abort(reason) })
    const loading = new AbortController()
    const load = all({ signal: loading.signal })
    await Promise.resolve()
    loading.abort(reason)
    found.loading = await load
    const running = new AbortController()
    found.running = await all({ signal: running.signal, onProgress: ({ taken }) => taken === 3 && running.abort(reason) })
    // Between two frames, where nobody asks for the next one.
    const idle = new AbortController()
    const frames = framesOf(file, { signal: idle.signal })
    await frames.next()
    idle.abort(reason)
    found.idle = await stillThere()
    found.next = await frames.next().catch((error) => error === reason)
    for await (const { time } of framesOf(file)) if (time >= 1) break
    found.left = await stillThere()
    return found
  }, webm)
  assert.deepEqual(ends, { before: 0, loading: 0, running: 3, idle: 0, next: true, left: 0 })
})

test('what is no clip is refused with the reason', async () => {
  const damaged = Buffer.from(webm, 'base64')
  const unknown = Buffer.from(damaged)
  unknown.write('V_XYZ', unknown.indexOf('V_VP8'))
  const sound = await page.evaluate(async () => {
    const context = new AudioContext()
    const sink = context.createMediaStreamDestination()
    const tone = context.createOscillator()
    tone.connect(sink)
    tone.start()
    const recorder = new MediaRecorder(sink.stream, { mimeType: 'audio/webm' })
    const part = new Promise((resolve) => {
      recorder.ondataavailable = ({ data }) => resolve(data)
    })
    recorder.start()
    await new Promise((resolve) => setTimeout(resolve, 400))
    recorder.stop()
    const bytes = new Uint8Array(await (await part).arrayBuffer())
    await context.close()
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  })
  const refused = {
    text: [Buffer.from('This is a text.\n'.repeat(40)).toString('base64'), 'bad_video', 422, /holiday\.mp4 is not a video/],
    codec: [unknown.toString('base64'), 'unsupported_video', 415, /holiday\.mp4 cannot be played here.*codec/],
    head: [damaged.subarray(0, 40).toString('base64'), 'unsupported_video', 415, /damaged/],
    sound: [sound, 'unsupported_video', 415, /no pictures/],
    empty: ['', 'invalid_request', 400, /no bytes/],
  }
  for (const [what, [bytes, code, status, message]] of Object.entries(refused)) {
    const { error } = await page.evaluate(
      ({ bytes }) =>
        outcome(async () => {
          const { framesOf } = await import('/dist/video/index.js')
          try {
            await framesOf(new File([bytesOf(bytes)], 'holiday.mp4', { type: 'video/mp4' })).next()
          } catch (error) {
            throw error instanceof secondpass.SecondpassError ? error : new Error(`not of the package: ${error}`)
          }
        }),
      { bytes },
    )
    assert.deepEqual([error?.code, error?.status], [code, status], `${what}: ${error?.message}`)
    assert.match(error.message, message)
  }
  assert.equal(await page.evaluate(() => stillThere()), 0)
})

test('wrong arguments are refused before anything is loaded', async () => {
  const wrong = await page.evaluate(async (clip) => {
    const { framesOf } = await import('/dist/video/index.js')
    const file = new Blob([bytesOf(clip)])
    const calls = {
      nothing: () => framesOf(),
      list: () => framesOf([file]),
      address: () => framesOf('http://'),
      password: () => framesOf('http://user:secret@127.0.0.1/a.mp4'),
      misspelt: () => framesOf(file, { frames: 3, maxpixels: 4 }),
      respelt: () => framesOf(file, { max_pixels: 4 }),
      rate: () => framesOf(file, { fps: 0 }),
      many: () => framesOf(file, { most: 1001 }),
      order: () => framesOf(file, { from: 3, to: 2 }),
      endless: () => framesOf(file, { from: Infinity }),
      options: () => framesOf(file, 3),
    }
    const answers = {}
    for (const [name, call] of Object.entries(calls)) {
      try {
        call()
      } catch (error) {
        answers[name] = error instanceof secondpass.SecondpassError ? [error.code, error.message] : String(error)
      }
    }
    return { names: Object.keys(calls), answers }
  }, webm)
  for (const name of wrong.names) assert.equal(wrong.answers[name]?.[0], 'invalid_request', `${name}: ${wrong.answers[name]}`)
  assert.match(wrong.answers.respelt[1], /did you mean maxPixels/)
  assert.match(wrong.answers.order[1], /before from/)
  assert.ok(!wrong.answers.password[1].includes('secret'))
  const late = await taken(webm, { from: 60 })
  assert.equal(late.error?.code, 'invalid_request')
  assert.match(late.error.message, /ends at \d/)
})

/** A host of its own, which answers every request for the clip as `answer` does. */
async function hostOf(answer) {
  const server = createServer((request, response) => answer(request, response, Buffer.from(webm, 'base64')))
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const close = () => {
    server.closeAllConnections()
    return new Promise((done) => server.close(done))
  }
  return { url: `http://127.0.0.1:${server.address().port}/clip.webm?key=secret`, close }
}

/** Answers with the file, or a range of it. */
const serves =
  (headers = {}) =>
  (request, response, bytes) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    response.writeHead(206, { ...headers, 'content-type': 'video/webm', 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
    response.end(bytes.subarray(from))
  }

test('a clip at an address of another origin is read where its host allows it', async () => {
  const host = await hostOf(serves({ 'access-control-allow-origin': '*' }))
  try {
    const { frames, error } = await taken(host.url, { from: 0.5 })
    assert.deepEqual(colours(frames ?? []), Object.keys(COLOURS), error?.message)
  } finally {
    await host.close()
  }
})

test('addresses that cannot be read say why', async () => {
  const answers = {
    missing: [(_, response) => response.writeHead(404, { 'access-control-allow-origin': '*' }).end('none'), 'not_found', 404, /clip\.webm gave HTTP 404/],
    broken: [(_, response) => response.writeHead(500, { 'access-control-allow-origin': '*' }).end('oops'), 'network', 503, /gave HTTP 500/],
    page: [
      (_, response) => response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'text/html' }).end('<!doctype html><title>Hello</title>'),
      'bad_video',
      422,
      /is not a video/,
    ],
    foreign: [serves(), 'cors', 502, /Access-Control-Allow-Origin/],
    gone: [(request) => request.socket.destroy(), 'network', 503, /could not be reached/],
  }
  for (const [what, [answer, code, status, message]] of Object.entries(answers)) {
    const host = await hostOf(answer)
    try {
      const { error } = await taken(host.url)
      assert.deepEqual([error?.code, error?.status], [code, status], `${what}: ${error?.message}`)
      assert.match(error.message, message)
      assert.ok(!error.message.includes('secret'), error.message)
    } finally {
      await host.close()
    }
  }
})

test('a host that sends nothing more is given up, and an abort does not wait for it', async () => {
  const host = await hostOf((_, response, bytes) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'content-type': 'video/webm', 'content-length': bytes.length })
    response.write(bytes.subarray(0, 30))
  })
  try {
    const ms = await page.evaluate(async (url) => {
      const { framesOf } = await import('/dist/video/index.js')
      const started = performance.now()
      await framesOf(url, { signal: AbortSignal.timeout(300) })
        .next()
        .catch(({ name }) => {
          if (name !== 'TimeoutError') throw new Error(name)
        })
      return performance.now() - started
    }, host.url)
    assert.ok(ms < 2_000, `${ms} ms`)
    const { error } = await taken(host.url)
    assert.equal(error?.code, 'network', error?.message)
    assert.match(error.message, /nothing of http.*clip\.webm has arrived for 20 seconds/)
  } finally {
    await host.close()
  }
})

test('a host that refuses the player, and then does not answer, does not hold up the error', async () => {
  for (const headers of [{ 'access-control-allow-origin': '*' }, undefined]) {
    const asked = []
    const host = await hostOf((request, response) => {
      const use = request.headers['sec-fetch-dest']
      asked.push(use)
      if (use === 'video') return response.writeHead(404).end()
      // The head of an answer alone, or nothing at all.
      if (headers) response.writeHead(200, headers).flushHeaders()
    })
    try {
      const began = performance.now()
      const { error } = await taken(host.url)
      const ms = performance.now() - began
      assert.deepEqual([error?.code, error?.status], ['network', 503], error?.message)
      assert.match(error.message, /clip\.webm could not be loaded.*10 seconds/)
      assert.ok(!error.message.includes('secret'), error.message)
      assert.ok(ms < 15_000, `${ms} ms`)
      assert.ok(asked.includes('empty'), `${asked}`)
      const aborted = await page.evaluate(async (url) => {
        const { framesOf } = await import('/dist/video/index.js')
        const started = performance.now()
        const name = await framesOf(url, { signal: AbortSignal.timeout(1000) })
          .next()
          .catch(({ name }) => name)
        return { name, ms: performance.now() - started }
      }, host.url)
      assert.equal(aborted.name, 'TimeoutError')
      assert.ok(aborted.ms < 3000, `${aborted.ms} ms`)
    } finally {
      await host.close()
    }
  }
})

test('a worker, which has no player, is told to ask its page', async () => {
  const answer = await page.evaluate(async () => {
    const script = `import { framesOf } from '${location.origin}/dist/video/index.js'
      try { framesOf(new Blob(['a'])) } catch (error) { postMessage([error.code, error.message]) }`
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
    const worker = new Worker(url, { type: 'module' })
    const { data } = await new Promise((resolve, reject) => Object.assign(worker, { onmessage: resolve, onerror: reject }))
    worker.terminate()
    URL.revokeObjectURL(url)
    return data
  })
  assert.equal(answer[0], 'invalid_request')
  assert.match(answer[1], /needs a page/)
})

test("the README's example puts moments of a clip in order", async () => {
  const readme = readFileSync(join(ROOT, 'pkg', 'README.md'), 'utf8')
  const code = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code).find((code) => code.includes('framesOf'))
  assert.ok(code, 'pkg/README.md shows no framesOf')
  const script = code
    .replace("'secondpass'", "'/dist/index.js'")
    .replace("'secondpass/video'", "'/dist/video/index.js'")
    .replace(/load\(\{.*\}\)/, "load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })")
  const shown = await page.evaluate(
    async ({ script, clip }) => {
      window.clip = new Blob([bytesOf(clip)])
      const lines = []
      const { log } = console
      console.log = (...values) => lines.push(values)
      const url = URL.createObjectURL(
        new Blob([script.replaceAll("'/dist/", `'${location.origin}/dist/`).replaceAll("'/fixtures/", `'${location.origin}/fixtures/`)], {
          type: 'text/javascript',
        }),
      )
      try {
        await import(url)
        return lines
      } finally {
        console.log = log
        URL.revokeObjectURL(url)
      }
    },
    { script, clip: webm },
  )
  assert.equal(shown.length, 3, JSON.stringify(shown))
  assert.ok(
    shown.every(([time, score]) => time >= 0 && time < 5 && score > 0 && score < 1),
    JSON.stringify(shown),
  )
  const values = shown.map(([, score]) => score)
  assert.deepEqual(
    values,
    values.toSorted((a, b) => b - a),
  )
})
