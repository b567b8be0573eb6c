/** Prints a line below the current step. */
export const say = (text) => console.log(`  ${text}`)
