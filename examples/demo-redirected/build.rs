fn main() {
    amb_codegen::build("demo.amb");
}
