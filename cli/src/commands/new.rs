//! `amb new`: a deployment that builds at once.

use std::fs;
use std::path::Path;

use amb_codegen::generate;

use crate::args::New;
use crate::cargo;
use crate::commands::generate;
use crate::console::Console;
use crate::failure::Failure;
use crate::files::write_changed;
use crate::policy;
use crate::scratch::toml_string;

pub(crate) fn run(args: &New, console: &mut Console) -> Result<(), Failure> {
    let name = service_name(&args.name)?;
    let folder = Path::new(name);
    if folder.exists() {
        return Err(Failure::Usage(format!("{name} exists already; choose another name")));
    }
    let runtime = cargo::source(args.runtime.as_deref(), "runtime")?;
    let codegen = cargo::source(args.runtime.as_deref(), "codegen")?;
    fs::create_dir_all(folder.join("src")).map_err(|error| Failure::unwritable(folder, &error))?;
    let files = [
        (format!("{name}.amb"), template(POLICY, name)),
        ("Cargo.toml".to_owned(), manifest(name, &runtime, &codegen)),
        ("build.rs".to_owned(), template(BUILD, name)),
        ("src/main.rs".to_owned(), MAIN.to_owned()),
        ("README.md".to_owned(), template(README, name)),
        (".gitignore".to_owned(), "/target\n".to_owned()),
        // They are compared byte for byte.
        (".gitattributes".to_owned(), "/generated/** text eol=lf\n".to_owned()),
    ];
    for (file, text) in files {
        write_changed(&folder.join(file), &text)?;
    }
    cargo::copy_lock(&runtime, folder)?;
    let plan = policy::plan(&folder.join(format!("{name}.amb")), console)?;
    generate::write(folder, &generate(&plan))?;
    console.result(&format!("{name}/{name}.amb\n"));
    Ok(())
}

/// A DNS label in lower case, which is also a cargo package.
fn service_name(name: &str) -> Result<&str, Failure> {
    let inner = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    let fits = name.len() <= 63
        && name.starts_with(|char: char| char.is_ascii_lowercase())
        && name.chars().all(inner)
        && !name.ends_with('-');
    match fits {
        true => Ok(name),
        false => Err(Failure::Usage(format!(
            "`{name}` is no service name: write a letter, then letters, digits and `-`, in lower case"
        ))),
    }
}

fn template(text: &str, name: &str) -> String {
    text.replace("NAME", name)
}

fn manifest(name: &str, runtime: &Path, codegen: &Path) -> String {
    let (runtime, codegen) = (toml_string(runtime), toml_string(codegen));
    template(MANIFEST, name).replace("RUNTIME", &runtime).replace("CODEGEN", &codegen)
}

const MAIN: &str = "include!(env!(\"AMB_PROXY\"));\n";

const BUILD: &str = "fn main() {\n    amb_codegen::build(\"NAME.amb\");\n}\n";

const POLICY: &str = r#"edition 2026

service NAME

## The service that NAME calls.
upstream catalog {
    address "catalog.shop.svc:8080"
    timeout 2s
    retry   { attempts 3; on connect-failure, 503 }
}

otherwise pass

test "a catalog that is briefly away is asked again" {
    request GET "catalog.shop.svc" /v1/items
    given   catalog replies refused, 200
    expect  status   == 200
    expect  attempts == 2
}
"#;

const MANIFEST: &str = r#"[package]
name = "NAME-ambassador"
version = "0.1.0"
edition = "2024"
publish = false

[workspace]

[[bin]]
name = "NAME"
path = "src/main.rs"

[dependencies]
amb-runtime = { path = RUNTIME }

[dev-dependencies]
amb-runtime = { path = RUNTIME, features = ["testing"] }

[build-dependencies]
amb-codegen = { path = CODEGEN }

[profile.release]
panic = "abort"
codegen-units = 1
"#;

const README: &str = r#"# The ambassador of NAME

`NAME.amb` says how NAME calls other services. `cargo build` compiles it into a proxy.

| file | |
|---|---|
| `NAME.amb` | the policy: edit this |
| `generated/plan.txt` | what each block of it says: review this |
| `generated/proxy.rs` | the code that runs: review this too |

After a change:

    amb check NAME.amb
    amb test NAME.amb
    amb generate NAME.amb
    cargo test
    cargo build --release

`Cargo.toml` names amb by the path on the machine that wrote it. Change it to a path, or a git
address, that holds for everyone.
"#;
