// Where a page of a site is found: the address that results link to.

/** The address of a file below the site's own: `index.html` is its folder, and Markdown becomes HTML. */
export function pageAddress(place: string, baseUrl: string): string {
  const base = baseUrl === '' || baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`
  const path = place.replace(/\.(md|markdown)$/i, '.html').replace(/(^|\/)(index|readme)\.x?html?$/i, '$1')
  return base + path.split('/').map(encodeURIComponent).join('/')
}
