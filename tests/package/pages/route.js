// A page whose Cohere client asks a server that does not exist: its own service worker hands the request back to it.
import { CohereClient } from 'cohere-ai'
import * as secondpass from 'secondpass'
import { createRerankHandler, serveRerankRoute } from 'secondpass/http'

Object.assign(window, { CohereClient, secondpass, createRerankHandler, serveRerankRoute, bundled: true })
