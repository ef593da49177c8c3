fn main() -> std::process::ExitCode {
    platform::run(&racing::relay_racing::FUNCTION)
}
