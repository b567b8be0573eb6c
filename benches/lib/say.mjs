/** What happens, below the step that it is part of. */
export const say = (text) => console.log(`  ${text}`)
