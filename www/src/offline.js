// Registers the service worker that makes the page work offline, and reports its state.
import { $ } from './dom.js'

/** Registers the service worker. Call it after the page has loaded its own files, so that the two do not compete for the network. */
export async function enableOffline() {
  const setState = (/** @type {string} */ text) => {
    $('#offline-state').textContent = text
  }
  if (!('serviceWorker' in navigator)) return setState('This browser cannot save the page for use without a network.')
  try {
    const registration = await navigator.serviceWorker.register('sw.js', { updateViaCache: 'none' })
    watchForUpdates(registration)
    if (registration.installing) setState('Saving a copy for use without a network…')
    await navigator.serviceWorker.ready
    setState('Works without a network.')
  } catch {
    setState(navigator.onLine ? 'No copy could be saved for use without a network.' : 'Works without a network.')
  }
}

/** Offers a reload when a new version waits. @param {ServiceWorkerRegistration} registration */
function watchForUpdates(registration) {
  const offer = () => {
    if (registration.waiting && navigator.serviceWorker.controller) $('#update').hidden = false
  }
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer))
  $('#update').addEventListener('click', () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    registration.waiting?.postMessage('skip waiting')
  })
  offer()
}
