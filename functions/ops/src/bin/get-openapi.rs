fn main() -> std::process::ExitCode {
    platform::run(&ops::get_openapi::FUNCTION)
}
