/** A lone surrogate has no UTF-8; the reference's tokenizer sees U+FFFD in its place. (`toWellFormed` is younger than some browsers.) */
export const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\uFFFD')
