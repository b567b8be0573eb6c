// The glue that wasm-bindgen writes; only what the worker uses.
declare module '*/wasm/secondpass.js' {
  export default function init(options: { module_or_path: string | URL }): Promise<unknown>
  export class Engine {
    static load(options: string, signal: AbortSignal, onProgress: (json: string) => void): Promise<Engine>
    rerank(body: string, strict: boolean, host: object, signal: AbortSignal, onResult: (json: string) => void): Promise<string>
    info(): string
    free(): void
  }
}
