// For an extension that works without a network at the first search too, put the folder into dist and write chrome.runtime.getURL('model/').
export const MODEL = 'https://huggingface.co/cross-encoder/ettin-reranker-32m-v1/resolve/main'
