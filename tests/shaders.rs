//! Every shader is parsed and validated. Pipelines are built when they are first used, so that a broken shader would
//! otherwise be met by a user; and WebGPU reports it only in the console, while the output stays as it was.

use std::path::Path;

#[test]
fn every_shader_is_valid_wgsl() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of shaders") {
        let path = entry.expect("a shader").path();
        let text = std::fs::read_to_string(&path).expect("a readable shader");
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(&text, &path.display().to_string())));
        // Default capabilities: nothing that a stock browser would have to be asked for.
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), naga::valid::Capabilities::default())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{}: {e:?}", path.display()));
        assert!(module.entry_points.iter().any(|e| e.name == "main"), "{} has no main", path.display());
        seen += 1;
    }
    assert!(seen > 0, "no shader was found");
}
