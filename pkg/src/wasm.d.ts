// The glue that wasm-bindgen writes for both builds; only what the worker uses.
declare module '*/wasm/secondpass.js' {
  const init: (options: { module_or_path: string | URL | WebAssembly.Module }) => Promise<{ memory: WebAssembly.Memory }>
  export default init
  export function cache_add(options: string, host: object, signal: AbortSignal, onProgress: (json: string) => void): Promise<string>
  export function cache_list(): Promise<string>
  export function cache_delete(url?: string): Promise<number>
  export function cache_verify(url: string): Promise<string>
  export class Engine {
    rerank(body: string, strict: boolean, host: object, signal: AbortSignal, onResult: (json: string) => void): Promise<string>
    embed(body: string, strict: boolean, host: object, signal: AbortSignal, onVector: (index: number, vector: Float32Array) => void): Promise<string>
    static load(options: string, host: object, signal: AbortSignal, onProgress: (json: string) => void): Promise<Engine>
    add(options: string, host: object, signal: AbortSignal, onProgress: (json: string) => void): Promise<boolean>
    info(embeds: boolean): string
    free(): void
  }
}

declare module '*/wasm/secondpass_cpu.js' {
  export * from '*/wasm/secondpass.js'
  export { default } from '*/wasm/secondpass.js'
}
