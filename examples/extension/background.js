// Opens the document that holds the model, and closes it. A service worker may open no worker of its own.

let opening

chrome.runtime.onMessage.addListener((message, _sender, respond) => {
  if (message === 'open')
    open().then(
      () => respond({}),
      (error) => respond({ error: error.message }),
    )
  else if (message === 'close')
    chrome.offscreen.closeDocument().then(
      () => respond({}),
      () => respond({}),
    )
  else return false
  return true
})

async function open() {
  const found = await chrome.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] })
  if (found.length > 0) return
  // There may be only one, and two popups may ask at once.
  opening ??= chrome.offscreen
    .createDocument({ url: 'offscreen.html', reasons: ['WORKERS'], justification: 'The model that ranks tabs runs in a worker.' })
    .finally(() => {
      opening = undefined
    })
  await opening
}
