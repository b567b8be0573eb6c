import init, { kernel_parity_report } from '/dist/wasm/secondpass.js'

try {
  await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
  postMessage({ report: JSON.parse(await kernel_parity_report(self.name)) })
} catch (error) {
  postMessage({ error: error.message ?? String(error) })
}
