// What is stored on this device, a row for each model: its files are used, checked and deleted together.
import { bytes, el, sentence } from './dom.js'

const PART = /-\d{5}-of-(\d{5})(\.gguf)$/i

/** Files by the address that a model is loaded from: a .gguf, the first part of a split one, or the folder of all others. */
export function models(files) {
  const groups = new Map()
  for (const file of files) {
    const url = addressOf(file.url)
    groups.set(url, [...(groups.get(url) ?? []), file])
  }
  return [...groups].map(([url, files]) => {
    const sum = (field) => files.reduce((all, file) => all + file[field], 0)
    const parts = Number(PART.exec(pathOf(url))?.[1] ?? 1)
    return {
      url, name: nameOf(url), files, vision: /mmproj/i.test(nameOf(url)),
      bytes: sum('bytes'), stored: sum('stored'), complete: files.length >= parts && files.every(({ complete }) => complete),
    }
  })
}

function addressOf(url) {
  const path = pathOf(url)
  if (!/\.gguf$/i.test(path)) return new URL('.', url).href
  return PART.test(path) ? url.replace(/-\d{5}(-of-\d{5}\.gguf)/i, '-00001$1') : url
}

const pathOf = (url) => new URL(url, globalThis.document?.baseURI).pathname

/** What to call a model by its address. Hugging Face's folders end in the name of a branch. */
export function nameOf(url) {
  const path = pathOf(url).replace(/\/resolve\/[^/]+\/?$/, '/')
  return decodeURIComponent(path.split('/').filter(Boolean).pop() ?? url)
}

/** A row; `use(group)` takes it as the next model, `problem(text)` says what went wrong, `refresh()` draws all of them anew. */
export function storedRow(group, cache, { use, problem, refresh }) {
  const { name, url, files, complete } = group
  const state = el('span', { className: 'hint' }, complete ? `${bytes(group.bytes)}, complete` : `${bytes(group.stored)} of ${bytes(group.bytes)} stored`)
  const several = files.length > 1 ? `, ${files.length} files` : ''
  state.append(several)
  const act = (text, work) => {
    const button = el('button', { type: 'button', aria: { label: `${text} ${name}` } }, text)
    button.addEventListener('click', async () => {
      button.disabled = true
      try {
        await work()
      } catch (error) {
        problem(sentence(error))
      }
      button.disabled = false
    })
    return button
  }
  const check = async () => {
    const results = await each(files, (file) => cache.verify(file.url))
    const bad = results.reduce((sum, file) => sum + file.bad, 0)
    state.textContent = results.every(({ ok }) => ok) ? 'Checked: all of it is there and undamaged.' : `${bytes(bad)} are missing or damaged; the next load fetches them again.`
  }
  const remove = async () => {
    await each(files, (file) => cache.delete(file.url))
    await refresh()
  }
  return el('li', {},
    el('div', {}, el('b', {}, name), el('span', { className: 'address' }, url), state),
    el('div', { className: 'row' }, act(complete ? 'Use' : 'Go on with', () => use(group)), act('Check', check), act('Delete', remove)))
}

/** One after the other; deleting the first part of a split model may have taken its others along. */
async function each(files, work) {
  const results = []
  for (const file of files) results.push(await work(file))
  return results.flat()
}
