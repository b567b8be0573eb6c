"""The engines in the browser, and their table."""

# Largest differences of scores that are due to arithmetic alone: the order of sums, and activations in 8 bits.
ORDER, ROUNDED = 2e-3, 5e-2
# Documents of an engine that takes seconds for each; no engine but ours shares work between documents.
FEW = 2


def legs_of(shape: str, onnx: dict, with_ort: bool, software: bool) -> list:
    """`key` is an engine's name, `page` its script, `most` the documents that it gets at most."""
    at = f"/models/{shape}"

    def ours(device: str, form: str, **limits) -> dict:
        options = {"model": f"{at}/{shape}-{form}.gguf", "device": device, "workers": 1}
        return {"key": f"ours {device} {form}", "engine": "ours", "device": device, "page": "ours", "options": options, "tolerance": ORDER, **limits}

    def ort(device: str, execution: str, **limits) -> dict:
        options = {"device": execution, "model": f"{at}/ort", "head": f"{at}/ort/head.bin", "shape": onnx}
        key = f"onnxruntime-web {execution} int4"
        return {"key": key, "engine": "ort", "device": device, "page": "ort", "options": options, "tolerance": ROUNDED, **limits}

    legs = [ours("webgpu", "q8_0"), ours("webgpu", "q4_0"), ours("cpu", "q4_0", most=FEW, rounds=1)]
    if with_ort:
        legs.insert(2, ort("webgpu", "webgpu", **({"most": FEW} if software else {"batches": [1, 4, 8]})))
        # Also shows whether a difference of scores is of the adapter or of the weights.
        legs.append(ort("cpu", "wasm", most=1, rounds=1))
    return legs


def documents_of(leg: dict, documents: int) -> int:
    return min(documents, leg.get("most", documents))


def reference(result: dict, shape: str) -> list:
    """The native scores of the same weights, else those of the first engine of ours that ran."""
    native = result.get("native", {}).get("models", [])
    scores = next((model["gpu"]["scores"] for model in native if model["model"] == f"{shape}-q4_0"), None)
    legs = result["browser"]["legs"]
    return scores or next((leg["scores"] for leg in legs if leg["engine"] == "ours" and "scores" in leg), [])


def rows_of(result: dict, shape: str) -> list:
    """Notes each engine's difference, and gives the rows of the table."""
    expected = reference(result, shape)
    rows = [["engine", "documents", "ms a document", "one document ms", "load s", "first request ms", "score difference", "submissions"]]
    legs = result["browser"]["legs"]
    most = max((leg.get("documents", 0) for leg in legs), default=0)
    for leg in legs:
        if "failure" in leg:
            rows.append([leg["key"], f"cannot run: {leg['failure']}"])
            continue
        leg["largest_difference"] = max(abs(a - b) for a, b in zip(leg["scores"], expected))
        leg["agrees"] = leg["largest_difference"] <= leg["tolerance"]
        more = ", ".join(filter(None, [leg["info"].get("kernels"), f"{leg['batch']} at once" if leg["batch"] > 1 else None]))
        rows.append(
            [
                f"{leg['key']}{', ' if more else ''}{more}",
                f"{leg['documents']}{'*' if leg['documents'] < most else ''}",
                f"{leg['ms_a_document']:.2f}",
                f"{leg['one_document_ms']:.1f}",
                f"{leg['load_ms'] / 1000:.1f}",
                f"{leg['first_request_ms']:.0f}",
                f"{leg['largest_difference']:.1e}{'' if leg['agrees'] else ' ✗'}",
                str(leg["submissions"]),
            ]
        )
    return rows
