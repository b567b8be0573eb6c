import { installRerankRoute } from '/dist/http/index.js'

installRerankRoute()
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
