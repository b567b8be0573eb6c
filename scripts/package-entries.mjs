// The scripts that the package publishes, by their files in pkg/src, and what is not bundled into them: for the build, and for the notices.

/** What a page loads first, what its workers run, and what a page fetches where it has two devices to compare. */
export const MAIN_ENTRIES = ['index', 'worker', 'node-worker']
/** Published beside the main entry. */
export const ENTRIES = [
  'sdk/ai-sdk',
  'sdk/langchain',
  'sdk/tanstack-ai',
  'http/index',
  'models',
  'search/index',
  'testing/index',
  'ui/react',
  'ui/vue',
  'ui/svelte',
  'video/index',
]
export const COMMAND_ENTRY = 'cli/main'
/** Peers of the entries, which the page's own project has. */
export const PEERS = ['@langchain/core/*', 'react', 'vue', 'svelte/store']
