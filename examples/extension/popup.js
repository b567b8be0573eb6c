// The popup: open tabs, best first.

const status = document.querySelector('[role=status]')
const list = document.querySelector('ol')
const tabs = (await chrome.tabs.query({})).filter((tab) => /^https?:/.test(tab.url ?? ''))
/** A promise of the port, so that two searches in a row have one. */
let port

show(tabs.map((tab) => ({ tab })))
document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const query = String(new FormData(event.target).get('query'))
  if (tabs.length === 0) return say('There are no tabs to choose from.')
  say('Reading…')
  try {
    port ??= connect()
    const connected = await port
    connected.postMessage({ query, documents: tabs.map(({ title, url }) => `${title}\n${url}`) })
  } catch (error) {
    port = undefined
    say(error.message)
  }
})

/** A port to the document that holds the model, which the background opens if it is not there. */
async function connect() {
  const { error } = await chrome.runtime.sendMessage('open')
  if (error) throw new Error(error)
  const connected = chrome.runtime.connect({ name: 'rerank' })
  connected.onMessage.addListener(({ progress, results, error }) => {
    if (error) return say(error)
    if (progress) return say(`${progress.label} (${Math.floor(100 * progress.fraction)} %)`)
    say('Best first.')
    show(results.map(({ index, relevance_score }) => ({ tab: tabs[index], score: relevance_score })))
  })
  // The browser has ended the document, or it has crashed: nobody answers any more. The next search opens it again.
  connected.onDisconnect.addListener(() => {
    port = undefined
    say('The model was closed. Search again.')
  })
  return connected
}

function say(text) {
  status.textContent = text
}

function show(entries) {
  list.replaceChildren(
    ...entries.map(({ tab, score }) => {
      const item = document.createElement('li')
      const button = item.appendChild(document.createElement('button'))
      button.textContent = score === undefined ? tab.title : `${tab.title} (${score.toFixed(3)})`
      button.addEventListener('click', () => chrome.tabs.update(tab.id, { active: true }))
      return item
    }),
  )
}
