// The service worker: keeps everything for use without a network, and says so.
import { $ } from './dom.js'

/** Registers it, once the page has what it needs itself, so that the two do not compete. */
export async function keepForOffline() {
  const say = (text) => { $('#offline-state').textContent = text }
  if (!('serviceWorker' in navigator)) return say('This browser cannot keep the page for use without a network.')
  try {
    const registration = await navigator.serviceWorker.register('sw.js', { updateViaCache: 'none' })
    watchForUpdates(registration)
    if (registration.installing) say('Keeping a copy for use without a network…')
    await navigator.serviceWorker.ready
    say('Works without a network.')
  } catch {
    say(navigator.onLine ? 'No copy is kept for use without a network.' : 'Works without a network.')
  }
}

function watchForUpdates(registration) {
  const offer = () => {
    if (registration.waiting && navigator.serviceWorker.controller) $('#update').hidden = false
  }
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer))
  $('#update').addEventListener('click', () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    registration.waiting?.postMessage('take over')
  })
  offer()
}
