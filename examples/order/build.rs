fn main() {
    amb_codegen::build("order.amb");
}
