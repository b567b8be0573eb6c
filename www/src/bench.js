// A measurement that can be pasted into an issue.
import { $, announce, bytes, duration, el, isAbort, sentence } from './dom.js'
import { deviceOf } from './model.js'
import { score } from './run.js'

const PICTURES = 48

/** Wires the tab; `sets()` gives `{ pictures, texts }`, `quiet()` ends what else would compute. */
export function benchTab(model, sets, quiet) {
  let controller
  let measured = 0
  const state = (text) => { $('#bench-state').textContent = text }

  $('#bench-run').addEventListener('click', async () => {
    controller = new AbortController()
    toggle(true)
    quiet()
    $('#bench-problem').textContent = ''
    try {
      await measure(controller.signal)
    } catch (error) {
      if (isAbort(error)) state('Stopped.')
      else {
        state('')
        model.lost(error)
        $('#bench-problem').textContent = sentence(error)
      }
    }
    toggle(false)
  })
  $('#bench-cancel').addEventListener('click', () => controller?.abort())
  $('#bench-copy').addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText($('#bench-json').textContent)
      state('Copied.')
      announce('Copied.')
    } catch {
      getSelection().selectAllChildren($('#bench-json'))
      state('The browser does not allow copying here. The text is selected; copy it with the keyboard.')
    }
  })

  function toggle(running) {
    const focused = document.activeElement === $('#bench-cancel') || document.activeElement === $('#bench-run')
    $('#bench-run').hidden = running
    $('#bench-cancel').hidden = !running
    if (focused) $(running ? '#bench-cancel' : '#bench-run').focus()
  }

  async function measure(signal) {
    state('Waiting for the model…')
    const reranker = await model.ready(signal)
    const { pictures, texts } = await sets()
    const seen = reranker.info.vision && pictures.length > 0
    const items = seen ? fresh(pictures.slice(0, PICTURES), ++measured) : texts
    const runs = []
    for (const [name, query] of [['first', 'a sharp tool'], ['again', 'a sharp tool'], ['other query', 'an animal in the sea']]) {
      state(`Run ${runs.length + 1} of 3…`)
      runs.push(rounded(name, await score(reranker, { query, items, signal })))
    }
    show(report(reranker.info, seen ? 'pictures of 96 × 96 pixels' : 'passages', runs))
    state(`Done on ${deviceOf(reranker.info)}.`)
    announce(`Done. ${runs[2].documents_per_second} documents a second.`)
  }

  function report(info, what, runs) {
    return {
      secondpass: VERSION, documents: what, model: model.spec.name, family: info.family, device: info.device, runs_on: deviceOf(info), adapter: info.adapter,
      kernels: info.kernels, dtype: info.dtype, weight_bytes: info.weight_bytes, load_ms: Math.round(model.loadMs), runs,
      browser: navigator.userAgent, cores: navigator.hardwareConcurrency, memory_gb: navigator.deviceMemory ?? null,
    }
  }
}

/**
 * The same pictures with another pixel in a corner: the model keeps what it has seen of pictures, and a search
 * or an earlier run may have shown it these.
 */
function fresh(items, mark) {
  return items.map((item) => {
    let content
    return { ...item, content: () => (content ??= marked(item, mark)) }
  })
}

async function marked(item, mark) {
  const { image } = await item.content()
  const pixels = new ImageData(new Uint8ClampedArray(image.data), image.width, image.height)
  pixels.data.set([mark % 256, mark >> 8, 0, 255])
  return { image: pixels }
}

function rounded(name, numbers) {
  const whole = (n) => Math.round((n ?? 0) * 10) / 10
  return {
    name, documents: numbers.documents, tokens: numbers.tokens, cached_tokens: numbers.cached, first_score_ms: whole(numbers.first_ms), last_score_ms: whole(numbers.last_ms),
    vision_ms: whole(numbers.vision_ms), compute_ms: whole(numbers.compute_ms), documents_per_second: whole((numbers.documents * 1000) / numbers.total_ms),
  }
}

function show(result) {
  const cell = (tag, text) => el(tag, tag === 'th' ? { scope: 'col' } : {}, text)
  const head = el('tr', {}, ...['Run', 'Documents a second', 'Tokens', 'Cached', 'First score', 'Last score'].map((text) => cell('th', text)))
  const rows = result.runs.map((run) => el('tr', {}, el('th', { scope: 'row' }, run.name), ...[
    run.documents_per_second, run.tokens.toLocaleString('en'), run.cached_tokens.toLocaleString('en'), duration(run.first_score_ms), duration(run.last_score_ms),
  ].map((text) => cell('td', text))))
  $('#bench-about').textContent = `${result.model} on ${result.runs_on}; weights ${bytes(result.weight_bytes)}, loaded in ${duration(result.load_ms)}.`
  $('#bench-table').replaceChildren(
    el('thead', {}, head), el('tbody', {}, ...rows),
  )
  $('#bench-json').textContent = JSON.stringify(result, null, 2)
  for (const id of ['#bench-json', '#bench-copy', '#bench-scroll']) $(id).hidden = false
}
