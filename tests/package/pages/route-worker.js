import { installRerankRoute } from 'secondpass/http'

installRerankRoute()
installRerankRoute({ match: (url) => url.hostname === 'api.cohere.com' && url.pathname.endsWith('/rerank') })
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
