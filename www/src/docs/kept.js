// What the visitor chose, kept between pages. Where the browser keeps nothing for this site, each page begins anew.

/** @param {string} key */
export function kept(key) {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

/** @param {string} key @param {string} value */
export function keep(key, value) {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Storage is switched off, or full.
  }
}
