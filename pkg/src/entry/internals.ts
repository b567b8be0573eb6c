// What other entries take from the main one, so that a page does not load it twice. No part of the API.
import { guarded } from '../callbacks.js'
import { check, isObject } from '../checks.js'
import { checkField } from '../search/fields.js'
import { checkOptions, inBatches, readFields } from '../search/read-fields.js'

/** @internal */
export const internals = { check, checkField, checkOptions, guarded, inBatches, isObject, readFields }
