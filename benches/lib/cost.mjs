// The cost model: arithmetic and memory of a request from the model's shape. Explained in benches/COST.md.

/** Costs of a decoder in FLOP, two per multiplication and addition, and its sizes. */
export function decoderCost(shape) {
  const { hidden_size: hidden, num_hidden_layers: layers, intermediate_size: mlp } = shape
  const { num_attention_heads: heads, num_key_value_heads: kv, head_dim: head } = shape
  const keysAndValues = 2 * hidden * kv * head
  const rest = 2 * hidden * heads * head + 3 * hidden * mlp
  return {
    // The last layer computes keys and values of every token, and the rest of the scored token only.
    perToken: 2 * (layers * keysAndValues + (layers - 1) * rest),
    perDocument: 2 * rest,
    perSeenRow: 4 * heads * head * (layers - 1),
    prefixBytesPerToken: 2 * layers * kv * head * 4,
    weights: layers * (keysAndValues + rest),
  }
}

/** FLOP of a request: a shared prefix, and the number of own tokens of each document. */
export function requestFlop(shape, prefix, documents) {
  const { perToken, perDocument, perSeenRow } = decoderCost(shape)
  const seen = (before, own) => own * (before + (own + 1) / 2)
  const once = prefix * perToken + seen(0, prefix) * perSeenRow
  return documents.reduce((sum, own) => sum + own * perToken + perDocument + seen(prefix, own) * perSeenRow, once)
}

/** FLOP of the vision tower for pictures with these numbers of patches. */
export function visionFlop(shape, pictures) {
  const { hidden_size: hidden, depth, intermediate_size: mlp, out_hidden_size: out, deepstack_visual_indexes: deepstack } = shape
  const { spatial_merge_size: merge, patch_size: patch, temporal_patch_size: frames } = shape
  const embed = 3 * frames * patch * patch * hidden
  const block = 4 * hidden * hidden + 2 * hidden * mlp
  const wide = hidden * merge * merge
  const mergers = ((1 + deepstack.length) * (wide * wide + wide * out)) / (merge * merge)
  return pictures.reduce((sum, patches) => sum + 2 * patches * (embed + depth * block + mergers) + 4 * depth * hidden * patches * patches, 0)
}
