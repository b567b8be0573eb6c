// What a query or document may be, in one place: requests in the page, requests to a server and bodies from foreign clients are all
// read here, and refused in the same words. The engine's own parser (src/api/content.rs) accepts the same and adds the limits.
import { isObject } from '../checks.js'
import { invalidRequest } from '../errors.js'
import { checkPicture } from './pictures.js'
import { wellFormed } from './text.js'
import type { Content, Picture } from './types.js'

/** Content that was read, with each picture in the caller's own form `P`. */
export type ContentOf<P> = string | FieldsOf<P> | { content: PartOf<P>[] }

export interface FieldsOf<P> {
  text?: string | string[]
  image?: P[]
  video?: VideoOf<P>[]
}

export type PartOf<P> = { type: 'text'; text: string } | { type: 'image_url'; image_url: P } | { type: 'video_url'; video_url: VideoOf<P> }

export interface VideoOf<P> {
  frames: P[]
  fps?: number
  timestamps?: number[]
}

/** Turns a picture that passed the checks into `P`. `place` names the content in messages. */
export type PictureReader<P> = (picture: Picture, place: string) => P

/** The query of a request. */
export function readQuery<P>(value: unknown, picture: PictureReader<P>): ContentOf<P> {
  if (value === undefined || value === null) throw invalidRequest('query must be provided')
  return readContent(value, 'query', picture)
}

/** A copy of a list of documents: its owner may change it while a request runs. Holes become `undefined`, and keep their places. */
export function documentList(value: unknown): unknown[] {
  if (value === undefined || value === null) throw invalidRequest('documents must be provided')
  if (!Array.isArray(value)) throw invalidRequest('documents must be a list; write documents: [document] for a single one')
  if (value.length === 0) throw invalidRequest('list of documents must not be empty')
  return Array.from(value)
}

/** How messages name a document. */
export const placeOfDocument = (index: number): string => `documents[${index}]`

/** The documents of a request. */
export const readDocuments = <P>(list: unknown[], picture: PictureReader<P>): ContentOf<P>[] =>
  list.map((document, i) => readContent(document, placeOfDocument(i), picture))

/** Reads a string, `{ text?, image?, video? }` or `{ content: [parts] }`, and keeps the spelling. */
export function readContent<P>(value: unknown, place: string, picture: PictureReader<P>): ContentOf<P> {
  if (typeof value === 'string') return wellFormed(value)
  if (!isObject(value)) throw unreadable(place)
  if (value.content !== undefined) return { content: items(value.content).flatMap((part) => readPart(part, place, picture)) }
  const { text, image, video } = value
  // Hits of a search have other fields too, which are ignored. An object without any is empty content, which the reference scores.
  const known = text !== undefined || image !== undefined || video !== undefined
  if (!known && Object.keys(value).length > 0) throw unreadable(place)
  return {
    ...(text != null && { text: Array.isArray(text) ? text.map((one) => readText(one, place)) : readText(text, place) }),
    ...(image != null && { image: items(image).map((one) => readPicture(one, place, picture)) }),
    ...(video != null && { video: readVideos(video, place, picture) }),
  }
}

function readPart<P>(part: unknown, place: string, picture: PictureReader<P>): PartOf<P>[] {
  if (typeof part === 'string') return [{ type: 'text', text: wellFormed(part) }]
  const { type, ...fields } = isObject(part) ? part : {}
  if (type === 'text') return [{ type, text: readText(fields.text, place) }]
  if (type === 'image_url' || type === 'image') return [{ type: 'image_url', image_url: readPicture(fields.image_url ?? fields.image, place, picture) }]
  if (type === 'video_url' || type === 'video') {
    return readVideos(fields.video_url ?? fields.video, place, picture).map((video) => ({ type: 'video_url', video_url: video }))
  }
  throw invalidRequest(`${place}.content holds a part whose type is not text, image_url or video_url`)
}

/** A field may be absent, one item, or a list of items. */
const items = (value: unknown): unknown[] => (value === null ? [] : [value].flat())

function readText(value: unknown, place: string): string {
  if (typeof value !== 'string') throw invalidRequest(`${place}: text must be a string`)
  return wellFormed(value)
}

function readPicture<P>(value: unknown, place: string, picture: PictureReader<P>): P {
  return picture(checkPicture(value, place), place)
}

/** A list of pictures is one video; a list of lists, or of objects with frames, is several. */
function readVideos<P>(value: unknown, place: string, picture: PictureReader<P>): VideoOf<P>[] {
  const isVideo = (item: unknown) => Array.isArray(item) || (isObject(item) && item.frames !== undefined)
  const list = Array.isArray(value) && (value.length === 0 || value.some(isVideo)) ? value : [value]
  return list.map((video) => readVideo(video, place, picture))
}

function readVideo<P>(value: unknown, place: string, picture: PictureReader<P>): VideoOf<P> {
  const { fps, timestamps, frames: given = isObject(value) ? value.url : value } = isObject(value) ? value : {}
  const frames = typeof given === 'string' ? joinedFrames(given) : given
  if (!Array.isArray(frames)) throw invalidRequest(`${place}: a video must be a list of frames, or an object with frames; video files are not decoded here`)
  if (frames.length === 0) throw invalidRequest(`${place}: a video must have at least one frame`)
  return {
    frames: frames.map((frame) => readPicture(frame, place, picture)),
    ...(fps != null && { fps: fps as number }),
    ...(timestamps != null && { timestamps: timestamps as number[] }),
  }
}

/** Frames in one URL, separated by commas, as vLLM takes them. */
const joinedFrames = (url: string): string[] | undefined =>
  /^data:video\/jpeg;base64,(.+)$/s
    .exec(url)?.[1]
    ?.split(',')
    .map((bytes) => `data:image/jpeg;base64,${bytes}`)

const unreadable = (place: string) => invalidRequest(`${place} must be a string, an object with text, image or video, or an object with content`)

/** A document as answers carry it: a bare string becomes an object with its text, everything else stays as it was given. */
export const asObject = (document: Content | undefined): Exclude<Content, string> => (typeof document === 'object' ? document : { text: document ?? '' })
