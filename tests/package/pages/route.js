// A page whose Cohere client sends requests to its own origin, where the service worker passes them back to the page.
import { CohereClient } from 'cohere-ai'
import * as secondpass from 'secondpass'
import { createRerankHandler, serveRerankRoute } from 'secondpass/http'

Object.assign(window, { CohereClient, secondpass, createRerankHandler, serveRerankRoute, bundled: true })
