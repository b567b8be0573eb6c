//! Every shader is parsed and validated with naga. Pipelines are created at first use, so a broken shader would otherwise
//! surface at a user's machine, where WebGPU reports it only in the console and leaves the output buffer unchanged.

use naga::valid::{Capabilities, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use secondpass::kernels::shaders::shaders;

/// The directive of shaders that use subgroup functions. naga supports the functions, but does not parse the directive.
const SUBGROUPS: &str = "enable subgroups;";

/// The directive of shaders that compute in half precision.
const HALF: &str = "enable f16;";

#[test]
fn every_shader_is_valid_wgsl() {
    let all = shaders();
    assert!(all.len() > 10);
    for (name, text) in all {
        let (text, subgroups) = match text.strip_prefix(SUBGROUPS) {
            Some(rest) => (rest, Capabilities::SUBGROUP),
            None => (text.as_str(), Capabilities::empty()),
        };
        let half = if text.starts_with(HALF) { Capabilities::SHADER_FLOAT16 } else { Capabilities::empty() };
        let module = naga::front::wgsl::parse_str(text)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string_with_path(text, &name)));
        // No other capability: browsers would need a feature request for it.
        Validator::new(ValidationFlags::all(), Capabilities::default() | subgroups | half)
            .subgroup_stages(ShaderStages::COMPUTE)
            .subgroup_operations(SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert!(module.entry_points.iter().any(|e| e.name == "main"), "{name} has no main");
    }
}

#[test]
fn every_shader_file_is_used() {
    let all = shaders();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let rooms = ["matmul", "matmul/unpack", "matmul/half", "norm", "attention", "common"].map(|room| folder.join(room));
    for folder in rooms.into_iter().chain([folder]) {
        for entry in std::fs::read_dir(folder).expect("a folder of shaders") {
            let path = entry.expect("a shader").path();
            if path.is_file() {
                let text = std::fs::read_to_string(&path).expect("text");
                assert!(all.iter().any(|(_, whole)| whole.contains(&text)), "{} is not used", path.display());
            }
        }
    }
}
