fn main() {
    amb_codegen::build("redirect.amb");
}
