fn main() -> std::process::ExitCode {
    platform::run(&wallet::sweep_topups::FUNCTION)
}
