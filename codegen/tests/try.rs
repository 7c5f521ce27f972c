#[test]
fn try_it() {
    for n in ["simple", "order"] {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(n);
        let loader = amb_codegen::source::FileLoader::new(&dir);
        let outcome = amb_policy_lang::compile(&format!("{n}.amb"), &loader);
        println!(
            "{}",
            amb_policy_lang::diagnostics::render(
                &outcome.diagnostics,
                &outcome.sources,
                amb_policy_lang::diagnostics::Style::Plain
            )
        );
        let Some(plan) = outcome.plan else { continue };
        let g = amb_codegen::generate(&plan);
        std::fs::create_dir_all(dir.join("generated")).unwrap();
        for (name, text) in amb_codegen::build::files(&g) {
            std::fs::write(dir.join("generated").join(name), text).unwrap();
        }
    }
}
