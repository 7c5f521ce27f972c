fn main() {
    amb_codegen::build("simple.amb");
}
