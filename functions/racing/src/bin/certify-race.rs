fn main() -> std::process::ExitCode {
    platform::run(&racing::certify_race::FUNCTION)
}
