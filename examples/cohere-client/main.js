import { createClient } from './cohere.js'
import { search } from './search.js'

const form = document.querySelector('form')
const status = document.querySelector('[role=status]')
const list = document.querySelector('ol')

let client

/** Makes the client at the first call. After a failure the next call tries again. */
function getClient() {
  client ??= createClient(({ overall }) => (status.textContent = `${overall.label} (${Math.floor(100 * overall.fraction)} %)`)).catch((error) => {
    client = undefined
    throw error
  })
  return client
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const button = form.querySelector('button')
  button.disabled = true
  try {
    const cohere = await getClient()
    status.textContent = 'Reading…'
    const found = await search(cohere, form.elements.query.value)
    list.replaceChildren(
      ...found.map(({ text, score }) => {
        const item = document.createElement('li')
        item.textContent = `${text} (${score.toFixed(3)})`
        return item
      }),
    )
    status.textContent = 'Best first.'
  } catch (error) {
    status.textContent = error.message
  } finally {
    button.disabled = false
  }
})
