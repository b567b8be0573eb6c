// Foreign text for a terminal: control characters in it could move the cursor, or make what was printed before look like something else.
import { startOf } from '../content/text.js'

/** Of what a line is made: so many times its length, for the white space between its words. */
const LOOKED_AT = 4
/** Names in a message, and characters of each. */
const [MOST_NAMES, MOST_OF_NAME] = [20, 60]

/** On one line, and no longer than that. */
export function oneLine(text: string, most: number): string {
  // A document may be megabytes long, of which only the start is looked at.
  const [whole, looked] = [text.trim(), LOOKED_AT * most]
  const line = startOf(whole, looked)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  return line.length > most || whole.length > looked ? `${startOf(line, most)}…` : line
}

/** With its lines as they are: a message, in which foreign text is quoted. */
export const withoutControls = (text: string): string => text.replace(/\r\n/g, '\n').replace(/[^\P{Cc}\n]/gu, ' ')

/** JSON leaves the control characters from U+007F on as they are. Escaped they mean the same. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(/[\x7f-\x9f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)

/** The first of several foreign names, for a message. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => oneLine(name, MOST_OF_NAME))
  return names.length > MOST_NAMES ? `${shown.join(', ')} and ${names.length - MOST_NAMES} others` : shown.join(', ')
}
