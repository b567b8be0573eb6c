// What blank.html does, in a file of its own: a policy forbids scripts within the page.
import * as secondpass from '/dist/index.js'

window.secondpass = secondpass
window.outcome = async (work) => {
  try {
    return { ok: await work() }
  } catch (error) {
    return { error: { name: error.name, code: error.code, status: error.status, message: error.message } }
  }
}
window.ready = true
