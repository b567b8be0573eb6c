import { installRerankRoute } from 'secondpass/http'

installRerankRoute({ match: (url) => url.pathname.endsWith('/rerank') })
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
