// How texts become keywords. The rules do not depend on the browser, so that an index that was built elsewhere fits.

/** A run of letters of scripts that are written without spaces between words. */
const UNSPACED = /([\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+)/u
const BETWEEN_WORDS = /[\n\r\p{Z}\p{P}\p{S}]+/u
/** Accents, as they stand alone after decomposition. Marks of other scripts are vowels and stay. */
const ACCENTS = /[\u0300-\u036f]/g
const NOT_ASCII = /[^\x20-\x7e\s]/

/** Splits a text into words; where a script has no spaces, into pairs of neighbouring letters. */
export function tokenize(text: string): string[] {
  const tokens: string[] = []
  for (const word of text.split(BETWEEN_WORDS)) {
    if (word === '') continue
    if (!NOT_ASCII.test(word) || !UNSPACED.test(word)) tokens.push(word)
    // Every second part is such a run.
    else
      word.split(UNSPACED).forEach((part, i) => {
        if (part !== '') tokens.push(...(i % 2 === 1 ? pairs([...part]) : [part]))
      })
  }
  return tokens
}

const pairs = (letters: string[]) => (letters.length === 1 ? letters : letters.slice(1).map((letter, i) => `${letters[i]}${letter}`))

/** The form in which words are compared: small letters, without accents, full-width letters as others. */
export function normalizeWord(word: string): string {
  if (!NOT_ASCII.test(word)) return word.toLowerCase()
  return word.normalize('NFKD').replace(ACCENTS, '').normalize('NFC').toLowerCase()
}
