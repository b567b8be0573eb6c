// What is used of markdown-it, which ships no types.
declare module 'markdown-it' {
  interface MarkdownToken {
    type: string
    content: string
    children: MarkdownToken[] | null
    attrSet(name: string, value: string): void
  }
  export default class MarkdownIt {
    constructor(options: { html: boolean })
    readonly options: object
    readonly renderer: { render(tokens: MarkdownToken[], options: object, env: object): string }
    parse(source: string, env: object): MarkdownToken[]
  }
}
