// Puts the package and its peer packages on `window`, for tests to call.

import { Document } from '@langchain/core/documents'
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors'
import * as orama from '@orama/orama'
import * as tanstack from '@tanstack/ai'
import * as ai from 'ai'
import * as ai6 from 'ai6'
import MiniSearch from 'minisearch'
import * as secondpass from 'secondpass'
import { createSecondpass, embeddingModel } from 'secondpass/ai-sdk'
import { SecondpassEmbeddings, SecondpassRerank } from 'secondpass/langchain'
import { queryVector, withVectors } from 'secondpass/search'
import { secondpassEmbedding, secondpassRerank } from 'secondpass/tanstack-ai'

Object.assign(window, {
  secondpass,
  createSecondpass,
  embeddingModel,
  SecondpassEmbeddings,
  SecondpassRerank,
  queryVector,
  withVectors,
  secondpassEmbedding,
  secondpassRerank,
  tanstack,
  ai,
  ai6,
  MiniSearch,
  orama,
  Document,
  BaseDocumentCompressor,
  bundled: true,
})
